// Marks on text, beside loro-crdt.
import test from "node:test";
import { doc, same } from "./both.mjs";

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
