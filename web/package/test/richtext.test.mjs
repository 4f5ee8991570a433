// Marks on text, beside loro-crdt.
import assert from "node:assert/strict";
import test from "node:test";
import { doc, ours, same, theirs } from "./both.mjs";

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
