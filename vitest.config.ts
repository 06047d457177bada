import { pathToFileURL } from "node:url";
import type { Plugin } from "vitest/config";
import { defineConfig } from "vitest/config";

/**
 * Worker threads can't load TypeScript on every Node that is supported: a test that starts one gets the
 * built program, which `npm test` makes anew before it runs.
 */
const workersFromDist: Plugin = {
  name: "workers-from-dist",
  enforce: "pre",
  transform(code, id) {
    const [, room] = /\/src\/([\w-]+)\/[\w-]+\.ts$/.exec(id) ?? [];
    const dist = pathToFileURL(`${import.meta.dirname}/dist/${room}/`);
    return code.replace(
      /new URL\("\.(\/[\w-]+-worker\.c?js)", import\.meta\.url\)/,
      `new URL(".$1", "${dist}")`,
    );
  },
};

const project = (name: string, testTimeout: number) => ({
  plugins: [workersFromDist],
  test: { name, include: [`tests/${name}/**/*.test.ts`], pool: "forks" as const, testTimeout },
});

export default defineConfig({
  test: {
    projects: [
      project("unit", 30_000),
      project("integration", 60_000),
      project("contract", 30_000),
      project("model", 60_000),
      project("parity", 60_000),
    ],
  },
});
