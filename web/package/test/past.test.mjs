// Documents that show their past, here and in loro-crdt.
import assert from "node:assert/strict";
import test from "node:test";
import { doc, joined, ours, same } from "./both.mjs";

/** "abc" by 1; then "def" by 1 and "Z" by 9, at once. */
function history(library) {
  const made = doc(library);
  const text = made.getText("text");
  text.insert(0, "abc");
  made.getMap("map").set("key", 1);
  made.commit();
  const first = made.frontiers();
  const other = made.fork();
  other.setPeerId(9);
  other.getText("text").insert(0, "Z");
  other.getMap("map").set("key", 2);
  text.insert(3, "def");
  made.getMap("map").setContainer("child", new library.LoroText()).insert(0, "in");
  made.getList("list").insert(0, "item");
  made.commit();
  const news = other.export({ mode: "update" });
  return { made, text, first, second: made.frontiers(), other, news };
}
const on = (act) => () => same((library) => act({ ...history(library), library }));

/** Containers of one depth come in any order. */
const inOrder = (items) => items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

/** What subscribers hear while `act` runs. */
function heard(made, act) {
  const batches = [];
  made.subscribe(({ by, origin, from, to, events }) =>
    batches.push({
      ...{ by, origin, from: inOrder(from), to: inOrder(to) },
      events: inOrder(events.map(({ path, diff }) => ({ path, diff }))),
    }),
  );
  act();
  return batches;
}

const versions = (made) => [
  made.isDetached(),
  made.toJSON(),
  inOrder(made.frontiers()),
  made.version().toJSON(),
  inOrder(made.oplogFrontiers()),
  made.oplogVersion().toJSON(),
];

/** loro-crdt's forks show roots that came to be later, empty. */
const filled = ([detached, json, ...rest]) => [
  detached,
  Object.entries(json).filter(([, value]) => Object.keys(value).length > 0),
  ...rest,
];

const PAST = {
  "an empty document reverted to what is not here": ({ library }) =>
    new library.LoroDoc().revertTo([{ peer: "77", counter: 0 }]),
  "an empty document reverted to its beginning": ({ library }) => {
    const made = new library.LoroDoc();
    made.revertTo([]);
    return made.toJSON();
  },
  "compare with what is not here": ({ made }) =>
    [made.cmpWithFrontiers([{ peer: "77", counter: 0 }]), made.cmpWithFrontiers([])],
  "compare two versions, one of which is not here": ({ made, first }) =>
    made.cmpFrontiers([{ peer: "77", counter: 0 }], first),
  "who writes when older versions may be edited": ({ made }) => {
    made.setDetachedEditing(true);
    const attached = made.peerIdStr;
    made.detach();
    const detached = made.peerIdStr;
    made.setDetachedEditing(false);
    const forbidden = made.peerIdStr;
    made.setDetachedEditing(true);
    return [attached, detached, forbidden, made.peerIdStr === forbidden];
  },
  checkout: ({ made, first }) => (made.checkout(first), versions(made)),
  "checkout and back": ({ made, first }) => (
    made.checkout(first), made.checkoutToLatest(), versions(made)
  ),
  "checkout of what is shown": ({ made, second }) => (made.checkout(second), versions(made)),
  "checkout of the newest, by name": ({ made, first, second }) => (
    made.checkout(first), made.checkout(second), versions(made)
  ),
  "checkout of the beginning": ({ made }) => (made.checkout([]), versions(made)),
  "checkout of what is not here": ({ made }) => made.checkout([{ peer: "9", counter: 0 }]),
  "checkout commits": ({ made, first, text }) => (
    text.insert(0, "x"), made.checkout(first), made.attach(), versions(made)
  ),
  "events of checkouts": ({ made, first }) =>
    heard(made, () => (made.checkout(first), made.attach())),
  detach: ({ made }) => (made.detach(), versions(made)),
  "no edits while detached": ({ made, text, first }) => (made.checkout(first), text.insert(0, "x")),
  "import while detached": ({ made, first, news }) => {
    made.checkout(first);
    const events = heard(made, () => made.import(news));
    return [events, versions(made), (made.attach(), versions(made))];
  },
  "export while detached": ({ made, first, library }) => {
    made.checkout(first);
    const copies = ["update", "snapshot"].map((mode) => {
      const copy = new library.LoroDoc();
      copy.import(made.export({ mode }));
      return copy.toJSON();
    });
    return [copies, versions(made)];
  },
  "edits while detached": ({ made, text, first }) => {
    made.checkout(first);
    made.setDetachedEditing(true);
    made.setPeerId(5);
    text.insert(3, "!");
    made.commit();
    const then = [made.isDetachedEditingEnabled(), text.toString(), made.version().toJSON()];
    made.attach();
    return [then, versions(made)];
  },
  "each version is edited under a new peer": ({ made, first }) => {
    made.setDetachedEditing(true);
    const before = made.peerIdStr;
    made.checkout(first);
    const during = made.peerIdStr;
    made.attach();
    return new Set([before, during, made.peerIdStr]).size;
  },
  frontiersToVV: ({ made, first }) => made.frontiersToVV(first).toJSON(),
  "frontiersToVV of what is not here": ({ made }) =>
    made.frontiersToVV([{ peer: "9", counter: 0 }]),
  vvToFrontiers: ({ made, news }) => (made.import(news), inOrder(made.vvToFrontiers(made.version()))),
  cmpFrontiers: ({ made, first, second, news, other }) => {
    made.import(news);
    const theirs = other.frontiers();
    return [
      made.cmpFrontiers(first, second),
      made.cmpFrontiers(second, first),
      made.cmpFrontiers(first, first),
      made.cmpFrontiers(second, theirs) ?? "neither",
    ];
  },
  cmpWithFrontiers: ({ made, first, second }) => [
    made.cmpWithFrontiers(first),
    made.cmpWithFrontiers(second),
    (made.checkout(first), made.cmpWithFrontiers(second)),
  ],
  diff: ({ made, first, second }) => [
    inOrder(made.diff(first, second)),
    inOrder(made.diff(second, first)),
  ],
  "diff from the beginning": ({ made, second }) =>
    inOrder(made.diff([], second).map(([target, diff]) => [target, joined(diff)])),
  "diff leaves no trace": ({ made, first, second }) =>
    heard(made, () => made.diff(first, second)).length + versions(made).length,
  forkAt: ({ made, first }) => filled(versions(made.forkAt(first))),
  "fork of what is shown": ({ made, first }) => (
    made.checkout(first), filled(versions(made.fork()))
  ),
};

for (const [name, act] of Object.entries(PAST)) test(name, on(act));

test("forks are freed with what they hold", () => {
  const { made, first } = history(ours);
  const copy = made.forkAt(first);
  copy.free();
  assert.throws(() => copy.toJSON());
  assert.equal(made.getText("text").toString(), "abcdef");
});
