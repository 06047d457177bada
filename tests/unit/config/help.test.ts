import { describe, expect, test } from "vitest";
import { helpText } from "../../../src/config/help.ts";
import { flagName, SETTINGS, variableName } from "../../../src/config/setting-table.ts";
import type { Settings } from "../../../src/config/settings.ts";

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

  test("names the commands", () => {
    expect(helpText()).toMatch(/onnx-serving \[serve\][\s\S]*onnx-serving check <dir>[\s\S]*--version/);
  });
});
