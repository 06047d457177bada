import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "koa";
import { describe, expect, test } from "vitest";
import { SETTINGS, variableName } from "../../../src/config/setting-table.ts";
import type { Settings } from "../../../src/config/settings.ts";
import { ERROR_CODES } from "../../../src/errors.ts";
import { answerForm } from "../../../src/http/answer-form.ts";
import { SIGNATURE_NAMES } from "../../../src/signature/head.ts";
import { ROOT } from "../../docs/make-checkout.ts";
import { pages } from "../../docs/pages.ts";

const textOf = (path: string) => readFileSync(join(ROOT, path), "utf8");

/** The cells of the table below a heading, or below the start of a line, without its head. */
function tableBelow(path: string, start: string): string[][] {
  const text = textOf(path);
  const from = text.indexOf(`\n${start}`);
  expect(from).toBeGreaterThan(0);
  const [, table = ""] = /\n\|[^\n]*\n\|[-| :]+\n((?:\|[^\n]*\n)+)/.exec(text.slice(from)) ?? [];
  return table
    .trim()
    .split("\n")
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

const quotedIn = (text = "") => [...text.matchAll(/`([^`]+)`/g)].map(([, word = ""]) => word);

const ROWS = new Map(
  (Object.keys(SETTINGS) as (keyof Settings)[]).map((name) => [variableName(name), SETTINGS[name]]),
);

describe("README.md", () => {
  test("has the settings' own defaults", () => {
    for (const [names, fallback = ""] of tableBelow("README.md", "## Settings and limits")) {
      const defaults = quotedIn(names).map((name) => {
        expect(ROWS.has(name), name).toBe(true);
        return ROWS.get(name)?.default;
      });
      if (defaults.some((value) => value === undefined)) continue;
      expect(fallback.replaceAll("`", "")).toBe(defaults.join(", "));
    }
  });

  test("explains every signature, and no other", () => {
    const names = tableBelow("README.md", "`signature_name` in the body").map(([name]) => quotedIn(name)[0]);
    expect(names.toSorted()).toEqual(SIGNATURE_NAMES.toSorted());
  });
});

describe("docs/containers.md", () => {
  test("has the build arguments of both Dockerfiles, with their defaults", () => {
    const documented = tableBelow("docs/containers.md", "## Build arguments");
    const cells = new Map(
      documented.flatMap(([names, value = ""]) => quotedIn(names).map((name) => [name, value])),
    );
    const files = ["Dockerfile.cpu", "Dockerfile.gpu"].map(textOf).join("\n");
    const args = [...files.matchAll(/^ARG (\w+)(?:=(.*))?$/gm)];
    expect(new Set(cells.keys())).toEqual(new Set(args.map(([, name]) => name)));
    for (const [, name = "", value] of args) {
      if (value !== undefined) expect(quotedIn(cells.get(name)), name).toContain(value);
    }
  });
});

describe("docs/answer-forms.md", () => {
  test("names the media types by which an answer's form is chosen", () => {
    const kinds = ["json", "lines", "npy", "png"];
    const rows = tableBelow("docs/answer-forms.md", "`/v1/models/<name>[...]:predict`");
    expect(rows.length).toBe(kinds.length);
    rows.forEach(([types], index) => {
      for (const type of quotedIn(types)) {
        expect(answerForm({ get: () => type } as unknown as Context), type).toEqual({ kind: kinds[index] });
      }
    });
    const known = [...textOf("src/http/answer-form.ts").matchAll(/"([a-z]+\/[a-z-]+)"/g)].map(
      ([, type]) => type,
    );
    expect(rows.flatMap(([types]) => quotedIn(types)).toSorted()).toEqual(known.toSorted());
  });
});

/** Names of others in the same form: variables of libraries and programs, build arguments, codes, constants. */
const OF_OTHERS = new Set([
  ...ERROR_CODES,
  "BASE_IMAGE",
  "NODE_IMAGE",
  "NPM_CONFIG_REGISTRY",
  "ONNXRUNTIME_NODE_INSTALL",
  "ORT_DISABLE_TELEMETRY",
  "UV_THREADPOOL_SIZE",
  "MALLOC_ARENA_MAX",
  "NODE_OPTIONS",
  "DATABASE_URL",
  "INTER_LINEAR",
  // gRPC's.
  "DATA_LOSS",
  // Of the commands, for images and tiles that no server saw.
  "FILE_TOO_LARGE",
  "BAD_ANSWER",
  "INVALID_TILE",
  "HTTP_STATUS",
  "NOT_AN_IMAGE",
  "TOO_LARGE",
  "NOT_STORED",
]);

const isOfOthers = (name: string) => OF_OTHERS.has(name) || /^(AWS|OTEL|PG|CUDA|NVIDIA)_/.test(name);
/** The decisions and the changes tell of what was. */
const PAGES = pages().filter((page) => !/^(docs\/decisions\/|CHANGELOG\.md)/.test(page));

describe("the pages", () => {
  test.each(PAGES)("%s names settings that there are", (page) => {
    const words = quotedIn(textOf(page).replaceAll(/^( *)```[\s\S]*?^\1```$/gm, ""));
    const names = words.flatMap((word) => /^([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=.*)?$/.exec(word)?.[1] ?? []);
    expect(names.filter((name) => !ROWS.has(name) && !isOfOthers(name))).toEqual([]);
  });
});
