import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { COMMANDS, type CommandName } from "../../../src/cli/command-table.ts";
import { commandHelp, helpText } from "../../../src/cli/help-text.ts";
import { type OptionRow, valueHint } from "../../../src/cli/option-table.ts";
import { flagName, SETTINGS, variableName } from "../../../src/config/setting-table.ts";
import type { Settings } from "../../../src/config/settings.ts";

const COMMAND_NAMES = Object.keys(COMMANDS) as CommandName[];
const OWN_OPTIONS = COMMAND_NAMES.filter((name) => !COMMANDS[name].hasVariables);

describe("helpText", () => {
  test.each(Object.keys(SETTINGS) as (keyof Settings)[])(
    "lists %s with its variable, default and help",
    (name) => {
      const { default: fallback, unset, help } = SETTINGS[name];
      const lines = helpText().split("\n");
      const at = lines.findIndex((line) => line.startsWith(`  --${flagName(name)} <`));
      expect(lines[at]).toContain(`(${variableName(name)}; default: ${fallback ?? unset})`);
      expect(lines[at + 1]?.trim()).toBe(help);
    },
  );

  test("names the choices of a setting", () => {
    expect(helpText()).toContain("--device <auto|cpu|cuda>");
  });

  test.each(COMMAND_NAMES)("names the command %s", (name) => {
    expect(helpText()).toContain(`  onnx-serving ${COMMANDS[name].usage}\n      ${COMMANDS[name].summary}\n`);
  });
});

describe("commandHelp", () => {
  test.each(COMMAND_NAMES)("of %s says how it is used, and each of its flags", (name) => {
    const { usage, options } = COMMANDS[name];
    const text = commandHelp(name);
    expect(text).toMatch(/^Usage: onnx-serving /);
    expect(text).toContain(usage);
    for (const [option, row] of Object.entries(options)) {
      expect(text).toContain(`  --${flagName(option)}`);
      expect(text).toContain(row.help);
    }
  });

  test.each(COMMAND_NAMES)(
    "of %s fits a wide terminal, but for sentences and long lists of choices",
    (name) => {
      const long = commandHelp(name)
        .split("\n")
        .filter((line) => line.length > 140 && !line.startsWith("      ") && !line.includes("|"));
      expect(long).toEqual([]);
    },
  );
});

describe("docs/command-line.md", () => {
  const page = readFileSync(new URL("../../../docs/command-line.md", import.meta.url), "utf8");

  test.each(OWN_OPTIONS)("has the table of %s, row by row", (name) => {
    const [, section = ""] = page.split(`\n## ${name}\n`);
    const rows = (section.split("\n## ")[0] ?? "").split("\n").filter((line) => line.startsWith("| `--"));
    expect(rows).toEqual(
      Object.entries(COMMANDS[name].options).map(([option, row]) => tableRow(option, row)),
    );
  });

  test.each(COMMAND_NAMES)("says how %s is used", (name) => {
    expect(page).toContain(`onnx-serving ${COMMANDS[name].usage}`);
  });
});

/** A row of the page; a default stands in backquotes, what happens without one does not. */
function tableRow(option: string, row: OptionRow): string {
  const hint = valueHint(row);
  const flag = `--${flagName(option)}${hint === "" ? "" : ` ${hint.replaceAll("|", "\\|")}`}`;
  return `| \`${flag}\` | ${fallback(row)} | ${row.help.replaceAll("<", "\\<")} |`;
}

function fallback(row: OptionRow): string {
  if (row.kind === "switch" || row.kind === "list") return "";
  return row.default === undefined ? (row.unset ?? "") : `\`${row.default}\``;
}
