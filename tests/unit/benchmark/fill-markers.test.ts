import { describe, expect, test } from "vitest";
import { fillMarkers } from "../../../benchmark/docs/fill-markers.ts";

const TEXT =
  "# A\n<!-- figures:one -->\nold\n<!-- /figures:one -->\nkept\n<!-- figures:two -->\n<!-- /figures:two -->\nend\n";

describe("fillMarkers", () => {
  test("replaces what is between the markers of that name, and nothing else", () => {
    expect(fillMarkers(TEXT, { one: "new" })).toBe(TEXT.replace("\nold\n", "\n\nnew\n\n"));
  });

  test("gives the same text when it is done again", () => {
    const once = fillMarkers(TEXT, { one: "1", two: "2" });
    expect(fillMarkers(once, { one: "1", two: "2" })).toBe(once);
    expect(once).toContain("<!-- figures:two -->\n\n2\n\n<!-- /figures:two -->\nend");
  });

  test("takes contents as they are, a dollar sign too", () => {
    expect(fillMarkers(TEXT, { one: "$& $1" })).toContain("\n$& $1\n");
  });

  test.each([
    ["there are none of that name", TEXT, { three: "x" }],
    ["the second is missing", "<!-- figures:one -->\n", { one: "x" }],
    ["they are in the wrong order", "<!-- /figures:one -->\n<!-- figures:one -->\n", { one: "x" }],
  ])("throws when %s", (_, text, contents) => {
    expect(() => fillMarkers(text, contents)).toThrow(/expected the lines <!-- figures:/);
  });
});
