import { expect, test } from "vitest";
import { tellWait } from "../../../src/cli/tell-wait.ts";

test("tells of a wait from five seconds on", () => {
  expect(tellWait("the server is away", 4999)).toBeUndefined();
  expect(tellWait("the server is away", 5000)).toMatch(/^the server is away; .*\b5 s$/);
});
