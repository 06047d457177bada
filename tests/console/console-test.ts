import type { Browser } from "playwright-core";
import type { TestServers } from "./test-servers.ts";

/** What a test has. */
export interface TestPlace {
  readonly browser: Browser;
  readonly servers: TestServers;
  /** How many times as long as on an idle machine the page may take. */
  readonly patience: number;
}

/** Throws what is wrong; what it returns is printed. */
export type ConsoleTest = (place: TestPlace) => Promise<string | undefined>;

export type ConsoleTests = Readonly<Record<string, ConsoleTest>>;
