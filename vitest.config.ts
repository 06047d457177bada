import { pathToFileURL } from "node:url";
import type { Plugin } from "vitest/config";
import { defineConfig } from "vitest/config";

/**
 * Worker threads can't load TypeScript on every Node that is supported, nor can browsers: a test that starts one, or asks
 * for the console, gets the built program, which `npm test` makes anew before it runs.
 */
const foreignFromDist: Plugin = {
  name: "foreign-from-dist",
  enforce: "pre",
  transform(code, id) {
    const [, room] = /\/src\/([\w-]+)\/[\w-]+\.ts$/.exec(id) ?? [];
    const dist = pathToFileURL(`${import.meta.dirname}/dist/${room}/`);
    const built = code.replace(
      /new URL\("\.(\/[\w-]+-worker\.c?js)", import\.meta\.url\)/,
      `new URL(".$1", "${dist}")`,
    );
    return built.replace('new URL("../console/", import.meta.url)', `new URL("../console/", "${dist}")`);
  },
};

/** Child processes: native code that aborts ends no more than the one that it is in. */
const project = (name: string, testTimeout: number, options: { readonly isolate?: boolean } = {}) => ({
  plugins: [foreignFromDist],
  test: {
    name,
    include: [`tests/${name}/**/*.test.ts`],
    pool: "forks" as const,
    testTimeout,
    hookTimeout: testTimeout,
    ...options,
  },
});

export default defineConfig({
  test: {
    // The default leaves one core idle, which is half of a small machine.
    maxWorkers: "100%",
    projects: [
      // A process for each of its many files, which are quick, would take longer than all of the tests.
      project("unit", 30_000, { isolate: false }),
      project("integration", 60_000),
      project("contract", 30_000),
      project("model", 60_000),
      project("parity", 60_000),
      // Slow, and so not in `npm test`: `npm run test:faults`.
      project("faults", 120_000),
    ],
  },
});
