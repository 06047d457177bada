import { defineConfig } from "vitest/config";

// Worker threads that a test starts inherit tsx from execArgv, so they run the same sources as the test.
const project = (name: string, testTimeout: number) => ({
  test: {
    name,
    include: [`tests/${name}/**/*.test.ts`],
    pool: "forks" as const,
    execArgv: ["--import", "tsx"],
    testTimeout,
  },
});

export default defineConfig({
  test: {
    projects: [
      project("unit", 5_000),
      project("integration", 30_000),
      project("contract", 30_000),
      project("model", 60_000),
      project("parity", 60_000),
    ],
  },
});
