// Bytes that were cut or changed: an error that says where, and a document as it was.
import assert from "node:assert/strict";
import test from "node:test";
import { doc, ours, theirs } from "./both.mjs";

function source(library) {
  const made = doc(library, 3);
  made.getText("t").insert(0, "text with 😀 and more text, so that it compresses, more text");
  const map = made.getMap("m");
  map.set("k", [1, null, { a: "b" }]);
  map.setContainer("l", new library.LoroList()).push(1.5);
  made.commit({ message: "a message" });
  made.getText("t").delete(3, 7);
  made.commit();
  return made;
}

function target() {
  const made = doc(ours, 4);
  made.getText("t").insert(0, "mine");
  made.getMap("m").set("k", "mine");
  made.commit();
  return made;
}

const state = (made) => [made.toJSON(), made.version().toJSON(), made.frontiers(), made.opCount()];

for (const [name, library] of Object.entries({ ours, theirs })) {
  for (const mode of ["update", "snapshot"]) {
    const blob = source(library).export({ mode });

    test(`every truncation of an ${mode} by ${name} throws and changes nothing`, () => {
      const made = target();
      const before = state(made);
      for (let len = 0; len < blob.length; len++) {
        assert.throws(() => made.import(blob.slice(0, len)), ours.LorikeetError, `${len} bytes`);
      }
      assert.deepEqual(state(made), before);
      made.import(blob);
      assert.notDeepEqual(state(made), before);
    });

    test(`every flipped bit of an ${mode} by ${name} throws and changes nothing`, () => {
      const made = target();
      const before = state(made);
      for (let bit = 0; bit < blob.length * 8; bit++) {
        const bad = blob.slice();
        bad[bit >> 3] ^= 1 << (bit & 7);
        // the checksum covers all but itself, the magic and the 12 reserved bytes
        if (bit >> 3 >= 4 && bit >> 3 < 16) continue;
        assert.throws(() => made.import(bad), ours.LorikeetError, `bit ${bit}`);
      }
      assert.deepEqual(state(made), before);
    });
  }
}

test("the error says which byte", () => {
  const blob = source(ours).export({ mode: "update" });
  blob[blob.length - 1] ^= 1;
  try {
    target().import(blob);
    assert.fail("accepted");
  } catch (error) {
    assert.ok(error instanceof ours.ECORRUPT);
    assert.equal(typeof error.offset, "number");
    assert.match(error.message, /at byte \d+/);
  }
});
