import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const ROOT = new URL("../../../", import.meta.url);

interface Rule {
  readonly options: { readonly patterns: readonly { readonly group: string[]; readonly message: string }[] };
}

interface Override {
  readonly includes: readonly string[];
  readonly linter?: { readonly rules?: { readonly style?: { readonly noRestrictedImports?: Rule } } };
}

const { overrides } = readJson("biome.json") as { readonly overrides: readonly Override[] };
const { dependencies } = readJson("package.json") as {
  readonly dependencies: Readonly<Record<string, string>>;
};
const source = readdirSync(new URL("src/", ROOT), { withFileTypes: true });
const rooms = source.filter((entry) => entry.isDirectory()).map(({ name }) => name);
const modules = source.filter(({ name }) => name.endsWith(".ts")).map(({ name }) => name);

/** Beside the rooms, and used by some of them. */
const SHARED_MODULES: ReadonlySet<string> = new Set([
  "errors.ts",
  "lifecycle.ts",
  "predictor.ts",
  "servable.ts",
  "request-flow.ts",
  "request-parts.ts",
  "instance-error.ts",
  "decode-memory.ts",
  "custom-code.ts",
  "choose-lanes.ts",
  "find-lanes.ts",
]);

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, ROOT), "utf8"));
}

function rulesOf(files: string): Rule["options"]["patterns"] {
  const rules = overrides.filter(({ includes }) => includes[0] === files);
  return rules.flatMap(({ linter }) => linter?.rules?.style?.noRestrictedImports?.options.patterns ?? []);
}

function forbidden(files: string): ReadonlySet<string> {
  return new Set(rulesOf(files).flatMap(({ group }) => group));
}

/** It may import nothing but itself. */
const isAlone = (room: string) => forbidden(`src/${room}/**`).has("*");

const isForbidden = (files: string, name: string) =>
  [...forbidden(files)].some(
    (one) => one === name || (one.endsWith("/**") && name.startsWith(one.slice(0, -2))),
  );

describe("the rules of biome.json", () => {
  test.each(rooms.filter((room) => !isAlone(room)))("forbid %s every room that they don't name", (room) => {
    const [first] = rulesOf(`src/${room}/**`);
    const named = [...(first?.message ?? "").matchAll(/([\w-]+)\//g)].map(([, name]) => name);
    const open = rooms.filter((other) => !isForbidden(`src/${room}/**`, `../${other}/x.ts`));
    expect(open.filter((other) => !named.includes(other))).toEqual([]);
  });

  test.each(rooms.filter((room) => !isAlone(room)))(
    "forbid %s the modules that put rooms together",
    (room) => {
      const open = modules.filter((name) => !isForbidden(`src/${room}/**`, `../${name}`));
      expect(open.filter((name) => !SHARED_MODULES.has(name))).toEqual([]);
    },
  );

  test.each(Object.keys(dependencies))("give %s to one room", (name) => {
    expect(isForbidden("src/*.ts", name)).toBe(true);
    const owners = rooms.filter((room) => !isAlone(room) && !isForbidden(`src/${room}/**`, name));
    expect(owners).toHaveLength(1);
  });
});
