import type { Context } from "koa";
import { describe, expect, test } from "vitest";
import { parseSettings } from "../../../src/config/parse-settings.ts";
import type { HttpApi } from "../../../src/http/http-api.ts";
import { routeTable } from "../../../src/http/routes.ts";

const VALUES: Readonly<Record<string, string>> = {
  name: "a-model",
  version: "12",
  label: "stable",
  model_version: "1.0",
  file: "start.js",
};

const settings = parseSettings(["--aip-health-route=/health", "--aip-predict-route=/a:b"], {});
const ROUTES = routeTable({ settings } as HttpApi);

describe("routeTable", () => {
  test("keeps nothing from the description but what is refused, whatever is asked", () => {
    const refused = ROUTES.filter(({ api }) => api === "refused");
    expect(refused.length).toBeGreaterThan(0);
    for (const { handle } of refused) {
      const ctx = { set: () => {} } as unknown as Context;
      expect(() => handle(ctx, async () => {})).toThrow(
        expect.objectContaining({ code: "METHOD_NOT_ALLOWED" }),
      );
    }
  });

  test("describes each route by paths that it answers", () => {
    const strays = ROUTES.flatMap(({ path, api }) =>
      (typeof api === "string" ? [] : Object.values(api.operations)).filter((template) => {
        const filled = template.replace(/\{(\w+)\}/g, (_, name: string) => VALUES[name] ?? "");
        return path instanceof RegExp ? !path.test(filled) : path.replaceAll("\\", "") !== filled;
      }),
    );
    expect(strays).toEqual([]);
  });

  test("has a path for each thing that a route may name", () => {
    const alternatives = (path: string | RegExp) =>
      path instanceof RegExp ? [...path.source.matchAll(/versions|labels/g)].length + 1 : 1;
    const counts = ROUTES.flatMap(({ name, path, api }) =>
      typeof api === "string" ? [] : [[name, Object.keys(api.operations).length >= alternatives(path)]],
    );
    expect(counts.filter(([, isEnough]) => !isEnough)).toEqual([]);
  });
});
