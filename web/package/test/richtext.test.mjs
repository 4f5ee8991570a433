// Marks on text, beside loro-crdt.
import assert from "node:assert/strict";
import test from "node:test";
import { doc, ours, same, theirs, told } from "./both.mjs";

test("styles are configured with what an edge can do", () => {
  const attempts = [
    (d) => d.configTextStyle({ bold: { expand: "before" }, italic: { expand: "both" } }),
    (d) => d.configTextStyle({}),
    (d) => d.configTextStyle({ bold: { expand: "start" } }),
    (d) => d.configTextStyle({ bold: {} }),
    (d) => d.configTextStyle({ bold: null }),
    (d) => d.configDefaultTextStyle({ expand: "none" }),
    (d) => d.configDefaultTextStyle(undefined),
    (d) => d.configDefaultTextStyle({ expand: "x" }),
    (d) => d.configDefaultTextStyle({}),
  ];
  for (const attempt of attempts) same((library) => attempt(doc(library)));
});

const EXPAND = ["none", "before", "after", "both"];
const styles = Object.fromEntries(EXPAND.map((expand) => [expand, { expand }]));

/** A text with these styles and `content`, after `edit`: what is in it, and in its operations. */
function edited(library, content, edit) {
  const made = doc(library);
  made.configTextStyle(styles);
  const text = made.getText("t");
  text.insert(0, content);
  edit(text);
  return [text.toDelta(), written(made)];
}

/** The operations, read by loro-crdt whoever wrote them. */
function written(made) {
  const reader = new theirs.LoroDoc();
  reader.import(made.export({ mode: "update" }));
  return reader.exportJsonUpdates().changes;
}

/** Every way to mark, with each value that matters and none. */
function* marks(start, end) {
  for (const key of EXPAND) {
    for (const value of [true, false]) yield (text) => text.mark({ start, end }, key, value);
    yield (text) => {
      text.mark({ start: start - 1, end: end + 1 }, key, 1);
      text.unmark({ start, end }, key);
    };
  }
}

test("text typed at the edges of marks gets the styles it gets in loro-crdt", () => {
  for (const first of marks(1, 3)) {
    for (const second of marks(1, 3)) {
      for (const pos of [0, 1, 2, 3, 4]) {
        same((library) =>
          edited(library, "abcd", (text) => {
            first(text);
            second(text);
            text.insert(pos, "x");
          }),
        );
      }
    }
  }
});

test("marks that meet, and marks whose text is gone, too", () => {
  for (const first of marks(1, 3)) {
    for (const second of marks(3, 5)) {
      for (const [start, len] of [
        [1, 2],
        [2, 2],
        [0, 6],
        [3, 0],
      ]) {
        same((library) =>
          edited(library, "abcdef", (text) => {
            first(text);
            second(text);
            text.delete(start, len);
            text.insert(start, "x");
            text.mark({ start, end: start + 1 }, "both", 2);
          }),
        );
      }
    }
  }
});

test("what marks refuse, and when they are no edit", () => {
  const attempts = [
    (text) => text.mark({ start: 0, end: 2 }, "unknown", 1),
    (text) => text.mark({ start: 2, end: 2 }, "none", 1),
    (text) => text.mark({ start: 3, end: 2 }, "none", 1),
    (text) => text.mark({ start: 0, end: 9 }, "none", 1),
    (text) => text.mark({ start: -1, end: 2 }, "none", 1),
    (text) => text.mark({ start: 0.5, end: 2 }, "none", 1),
    (text) => text.mark({ start: 0, end: 2 }, "none:1", { deep: [1, null] }),
    (text) => text.mark({ start: 0, end: 2 }, "none", null),
    (text) => text.mark({ start: 2, end: 3 }, "none", 1), // inside a character
    (text) => text.unmark({ start: 0, end: 2 }, "unknown"),
    (text) => text.unmark({ start: 0, end: 2 }, "none"),
    (text) => text.unmark({ start: 0, end: 9 }, "none"),
    (text) => [1, 1, 2].forEach((value) => text.mark({ start: 0, end: 4 }, "after", value)),
    (text) => [4, 2, 4].forEach((end) => text.mark({ start: 0, end }, "after", [1])),
    (text) => [1, null, null].forEach((value) => text.mark({ start: 0, end: 4 }, "after", value)),
  ];
  for (const attempt of attempts) same((library) => edited(library, "a🎉bcd", attempt));
});

test("slices of deltas", () => {
  for (let start = 0; start < 8; start++) {
    for (let end = start; end < 9; end++) {
      for (const method of ["sliceDelta", "sliceDeltaUtf8", "slice"]) {
        same((library) => {
          const text = doc(library).getText("t");
          text.insert(0, "aé🎉bc");
          text.mark({ start: 1, end: 4 }, "bold", true);
          text.unmark({ start: 4, end: 6 }, "bold");
          text.mark({ start: 4, end: 5 }, "bold", true);
          return text[method](start, end);
        });
      }
    }
  }
});

test("deltas are applied with one attribute at a time as loro-crdt does", () => {
  const deltas = [
    [{ retain: 2 }, { insert: "x" }],
    [{ retain: 2 }, { insert: "x", attributes: { none: 2 } }, { delete: 1 }],
    [{ insert: "x", attributes: { after: true } }, { insert: "y" }],
    [{ retain: 1, attributes: { after: null } }, { retain: 3, attributes: { both: 1 } }],
    [{ insert: "" }, { retain: 0 }, { delete: 0 }],
    [{ insert: "q", attributes: null }, { retain: 1, attributes: undefined }],
    [{ insert: "q", retain: 2 }],
    [{ retain: 9 }, { retain: 1, attributes: { both: 1 } }],
    [
      { retain: 6, attributes: { none: null } },
      { retain: 1, attributes: { both: 1 } },
      { retain: 1, attributes: { after: 1 } },
    ],
    [{ retain: 100 }],
  ];
  for (const delta of deltas) {
    same((library) =>
      edited(library, "abcdef", (text) => {
        text.mark({ start: 1, end: 4 }, "after", true);
        text.applyDelta(delta);
      }),
    );
  }
});

test("a delta that cannot be applied is not applied in part", () => {
  const deltas = [
    [{ insert: "x" }, { delete: 100 }],
    [{ insert: "x" }, { retain: 100 }, { insert: "y" }],
    [{ insert: "x" }, { retain: 100, attributes: { both: 1 } }],
    [{ insert: "x", attributes: { unknown: 1 } }],
    [{ insert: "x" }, { retain: 3 }, { delete: 1 }],
    [{ insert: "x" }, { retain: -1 }],
    [{ insert: "x" }, { retain: 0.5 }],
    [{ insert: "x" }, { retain: 0, attributes: { both: 1 } }],
    [{ insert: "x" }, { other: 1 }],
    [{ insert: 5 }],
  ];
  for (const delta of deltas) {
    const made = doc(ours);
    made.configTextStyle(styles);
    const text = made.getText("t");
    text.insert(0, "ab🎉");
    assert.throws(() => text.applyDelta(delta), ours.LorikeetError, JSON.stringify(delta));
    assert.equal(text.toString(), "ab🎉");
    assert.equal(made.opCount(), 3);
  }
});

test("a text on its own is marked with any key, and keeps its marks in a document", () => {
  same((library) => {
    const text = new library.LoroText();
    text.insert(0, "abcd");
    text.mark({ start: 1, end: 3 }, "bold", true);
    const made = doc(library);
    const attached = made.getMap("m").setContainer("t", text);
    attached.insert(3, "y");
    return [text.toDelta(), attached.toDelta(), written(made)];
  });
  same((library) => {
    const text = new library.LoroText();
    text.insert(0, "abcd");
    text.mark({ start: 1, end: 3 }, "unknown", 1);
    text.insert(3, "x");
    return text.toDelta();
  });
});

test("who wrote a character", () => {
  for (let pos = 0; pos < 8; pos++) {
    same((library) => {
      const a = doc(library, 1);
      const b = doc(library, 2);
      a.getText("t").insert(0, "a🎉");
      b.import(a.export({ mode: "update" }));
      b.getText("t").insert(1, "bc");
      return b.getText("t").getEditorOf(pos);
    });
  }
});

/** What peers hear of edits: the one who makes them, one who imports each, one who imports all. */
function heard(library, edits) {
  const [made, each, all] = [1, 2, 3].map((peer) => doc(library, peer));
  made.configTextStyle(styles);
  const events = [];
  for (const listener of [made, each, all]) listener.subscribe((e) => events.push(told(e).events));
  for (const edit of edits) {
    [edit].flat().forEach((act) => act(made.getText("t")));
    made.commit();
    each.import(made.export({ mode: "update", from: each.version() }));
  }
  all.import(made.export({ mode: "update" }));
  return [events, all.getText("t").toDelta()];
}

const insert = (pos, content) => (text) => text.insert(pos, content);
const mark =
  (start, end, key, value = true) =>
  (text) =>
    text.mark({ start, end }, key, value);
const unmark = (start, end, key) => (text) => text.unmark({ start, end }, key);

test("events tell what marks change", () => {
  const histories = [
    [insert(0, "hello"), mark(1, 3, "after")],
    [[insert(0, "he🎉lo"), mark(1, 4, "after")], insert(4, "x"), insert(0, "y")],
    [insert(0, "hello"), mark(0, 5, "after"), unmark(1, 4, "after"), insert(2, "x")],
    [insert(0, "hello"), mark(0, 2, "after"), mark(0, 5, "after")],
    [insert(0, "hello"), [mark(0, 2, "none"), unmark(0, 2, "none")]],
    [insert(0, "hello"), [mark(0, 2, "none"), mark(1, 3, "none", 2)]],
    [insert(0, "hello"), mark(0, 2, "none"), unmark(1, 5, "none")],
    [insert(0, "hello"), mark(0, 2, "none"), [mark(2, 4, "after"), (text) => text.delete(2, 2)]],
    [[insert(0, "hello"), mark(1, 4, "both")], (text) => text.delete(1, 3), insert(1, "x")],
    [insert(0, "hello"), [mark(1, 4, "both"), insert(4, "x"), insert(0, "y"), mark(0, 2, "none")]],
  ];
  for (const edits of histories) same((library) => heard(library, edits));
});

test("a text that comes back is told of with its marks", () => {
  same((library) => {
    const made = doc(library);
    const text = made.getMap("m").setContainer("t", new library.LoroText());
    text.insert(0, "hello");
    text.mark({ start: 1, end: 3 }, "bold", true);
    made.commit();
    const before = made.frontiers();
    made.getMap("m").delete("t");
    made.commit();
    const events = [];
    made.subscribe((e) => events.push(told(e).events));
    made.checkout(before);
    return events;
  });
});

/** Characters with their attributes, kept up to date by events. */
class Mirror {
  chars = [];
  constructor(made) {
    made.subscribe(({ events }) => events.forEach(({ diff }) => this.#apply(diff.diff)));
  }
  #apply(steps) {
    let at = 0;
    for (const { insert: content = "", retain = 0, delete: gone = 0, attributes } of steps) {
      this.chars.splice(at, gone, ...[...Array(content.length)].map((_, i) => [content[i], {}]));
      for (const end = at + retain + content.length; at < end; at++) {
        const styled = Object.entries({ ...this.chars[at][1], ...attributes });
        this.chars[at][1] = Object.fromEntries(styled.filter(([, value]) => value !== null));
      }
    }
  }
}

function chars(text) {
  return text
    .toDelta()
    .flatMap(({ insert: content, attributes = {} }) =>
      [...Array(content.length)].map((_, i) => [content[i], attributes]),
    );
}

test("events lead from one version of the marks to another", () => {
  const [a, b] = [1, 2].map((peer) => doc(ours, peer));
  for (const made of [a, b]) made.configTextStyle(styles);
  const mirror = new Mirror(b);
  a.getText("t").insert(0, "one two three");
  b.import(a.export({ mode: "update" }));
  a.getText("t").mark({ start: 0, end: 7 }, "after", 1);
  a.getText("t").insert(7, "!");
  b.getText("t").mark({ start: 4, end: 13 }, "both", 2);
  b.getText("t").mark({ start: 2, end: 6 }, "after", 3);
  b.getText("t").delete(5, 3);
  b.import(a.export({ mode: "update" }));
  assert.deepEqual(mirror.chars, chars(b.getText("t")));
  const ends = [...b.oplogVersion().toJSON()];
  for (const [peer, end] of ends) {
    for (let counter = 0; counter < end; counter++) {
      b.checkout([{ peer, counter }]);
      assert.deepEqual(mirror.chars, chars(b.getText("t")), `${counter}@${peer}`);
    }
  }
  b.checkoutToLatest();
  assert.deepEqual(mirror.chars, chars(b.getText("t")));
});

test("a fork knows the styles that were configured", () => {
  for (const fork of [(made) => made.fork(), (made) => made.forkAt(made.frontiers())]) {
    same((library) => {
      const made = doc(library);
      made.configTextStyle(styles);
      made.configDefaultTextStyle({ expand: "before" });
      made.getText("t").insert(0, "abc");
      const copy = fork(made);
      made.configTextStyle({});
      copy.setPeerId(2);
      copy.getText("t").mark({ start: 0, end: 1 }, "both", 1);
      copy.getText("t").mark({ start: 1, end: 2 }, "other", 1);
      return written(copy);
    });
  }
});

test("positions and characters around a surrogate pair", () => {
  const text = (library) => {
    const made = doc(library).getText("t");
    made.insert(0, "aé🎉b");
    return made;
  };
  const units = ["utf8", "unicode", "utf16", "other"];
  for (let pos = 0; pos < 10; pos++) {
    same((library) => text(library).charAt(pos));
    for (const from of units) {
      for (const to of units) same((library) => text(library).convertPos(pos, from, to));
    }
  }
});

test("updates by line replace lines", () => {
  const versions = ["", "a", "a\nb\nc\n", "a\nX\nc\n", "a\nc\n", "a\nb\nc", "0\na\nb\nc\n\n"];
  for (const before of versions) {
    for (const after of versions) {
      same((library) => {
        const text = doc(library).getText("t");
        text.insert(0, before);
        text.updateByLine(after, { useRefinedDiff: false });
        return text.toString();
      });
    }
  }
  const made = doc(ours);
  made.getText("t").insert(0, "one\ntwo\nthree\n");
  const ops = made.opCount();
  made.getText("t").updateByLine("one\ntwa\nthree\n");
  assert.equal(made.opCount(), ops + 8);
});
