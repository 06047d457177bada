import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ERROR_CODES } from "../../../src/errors.ts";
import { STATUS_OF_CODE } from "../../../src/http/status.ts";

/** The cells of docs/errors.md's table, row by row. */
const ROWS = readFileSync(new URL("../../../docs/errors.md", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => /^\| `[A-Z_0-9]+` \|/.test(line))
  .map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) => (a < b ? -1 : 1);

describe("STATUS_OF_CODE", () => {
  test("has the statuses of docs/errors.md, code by code", () => {
    const documented = ROWS.map(([code = "", status]) => [code.replaceAll("`", ""), Number(status)] as const);
    expect(documented.toSorted(byName)).toEqual(Object.entries(STATUS_OF_CODE).toSorted(byName));
  });

  test("has a status of an error for every code", () => {
    expect(Object.keys(STATUS_OF_CODE).toSorted()).toEqual(ERROR_CODES.toSorted());
    expect(Object.values(STATUS_OF_CODE).every((status) => status >= 400 && status < 600)).toBe(true);
  });
});

describe("ERROR_CODES", () => {
  test("are each explained, with what sending the request again would do", () => {
    expect(ROWS.map((cells) => cells.length)).toEqual(ERROR_CODES.map(() => 4));
    expect(ROWS.flat().filter((cell) => cell === "")).toEqual([]);
  });
});
