import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FAILURE_CODES } from "../../../src/tiles/tile-failure.ts";

test("docs/tiles.md lists every code of a failure", () => {
  const page = readFileSync(new URL("../../../docs/tiles.md", import.meta.url), "utf8");
  const [, section = ""] = page.split("| Code | Meaning |\n|---|---|\n");
  const codes = [...(section.split("\n\n")[0] ?? "").matchAll(/^\| `([A-Z_]+)` \|/gm)].map(
    ([, code]) => code,
  );
  expect(codes).toEqual([...FAILURE_CODES]);
});
