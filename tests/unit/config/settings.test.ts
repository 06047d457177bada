import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { flagName, SETTINGS, variableName } from "../../../src/config/setting-table.ts";
import type { SettingRow, Settings } from "../../../src/config/settings.ts";

const NAMES = Object.keys(SETTINGS) as (keyof Settings)[];

/** The text of a value's bounds as docs/configuration.md writes it. */
function values(row: SettingRow): string {
  switch (row.kind) {
    case "text":
      return "text";
    case "choice":
      return row.choices.map((choice) => `\`${choice}\``).join(", ");
    case "integer":
    case "number":
      return `${row.min} to ${row.max}`;
    case "bytes":
      return `bytes, ${row.min} to ${row.max}`;
    case "sizes":
      return `numbers such as 1,4,8, ${row.min} to ${row.max}`;
  }
}

/** A row of the table; a default stands in backquotes, what happens without one does not. */
function tableRow(name: keyof Settings): string {
  const row = SETTINGS[name];
  const fallback = row.default === undefined ? row.unset : `\`${row.default}\``;
  return `| \`${variableName(name)}\` | \`--${flagName(name)}\` | ${fallback} | ${values(row)} | ${row.help.replaceAll("<", "\\<")} |`;
}

describe("SETTINGS", () => {
  test("is the table of docs/configuration.md, row by row", () => {
    const page = readFileSync(new URL("../../../docs/configuration.md", import.meta.url), "utf8");
    const rows = page.split("\n").filter((line) => line.startsWith("| `"));
    expect(rows).toEqual(NAMES.map(tableRow));
  });

  test.each(NAMES)("says in one sentence what %s does, and what happens when it is not set", (name) => {
    const { default: fallback, unset, help } = SETTINGS[name];
    expect(help).toMatch(/^[A-Z][^\n|]+\.$/);
    expect(fallback === undefined).toBe(unset !== undefined);
  });
});

describe("variableName", () => {
  test("writes the setting in capitals with underscores", () => {
    expect(variableName("maxBatchSize")).toBe("MAX_BATCH_SIZE");
    expect(variableName("port")).toBe("PORT");
  });
});

describe("flagName", () => {
  test("writes the setting in small letters with dashes", () => {
    expect(flagName("maxBatchSize")).toBe("max-batch-size");
    expect(flagName("port")).toBe("port");
  });
});
