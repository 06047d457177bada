import type { Context } from "koa";
import { describe, expect, test } from "vitest";
import { answerForm, isLines } from "../../../src/http/answer-form.ts";

const context = (name: string, value: string) =>
  ({ get: (asked: string) => (asked === name ? value : "") }) as unknown as Context;

describe("answerForm", () => {
  test.each([
    ["", { kind: "json" }],
    ["*/*", { kind: "json" }],
    ["application/json", { kind: "json" }],
    ["text/html", { kind: "json" }],
    ["application/x-ndjson", { kind: "lines" }],
    ["Application/X-NDJSON; charset=utf-8", { kind: "lines" }],
    ["application/jsonl", { kind: "lines" }],
    ["application/x-npy", { kind: "npy" }],
    ["application/x-npy, */*", { kind: "npy" }],
    ["application/x-npy, */*;q=0.8", { kind: "npy" }],
    ["application/x-npy;q=0.5, */*", { kind: "json" }],
    ["application/x-npy;q=0", { kind: "json" }],
    ["application/x-npy;q=0.5, application/json", { kind: "json" }],
    ["application/json;q=0.5, application/x-npy", { kind: "npy" }],
    ["application/x-npy;output=logits", { kind: "npy", output: "logits" }],
    ['application/x-npy; output="a,b;c\\"d"; q=1', { kind: "npy", output: 'a,b;c"d' }],
    ["image/png", { kind: "png" }],
    ["text/html,application/xhtml+xml,image/webp,image/png,*/*;q=0.8", { kind: "json" }],
    ["application/x-npy;q=x", { kind: "json" }],
    ['"', { kind: "json" }],
  ])("%s is %j", (accept, form) => {
    expect(answerForm(context("Accept", accept))).toEqual(form);
  });
});

describe("isLines", () => {
  test.each([
    ["application/x-ndjson", true],
    ["application/x-ndjson; charset=utf-8", true],
    ["APPLICATION/JSONL", true],
    ["application/json", false],
    ["", false],
  ])("%s: %s", (type, expected) => {
    expect(isLines(context("Content-Type", type))).toBe(expected);
  });
});
