import { describe, expect, test } from "vitest";
import { describeCommand } from "../../../benchmark/describe-command.ts";

describe("describeCommand", () => {
  test.each([
    [["--quick", "--models", "resnet18"], "npm run bench -- --quick --models resnet18"],
    [["--seconds=5", "--plots", "docs"], "npm run bench -- --seconds=5 --plots docs"],
    [["--json", "a.json", "--seconds", "30", "--docs"], "npm run bench -- --seconds 30"],
    [["--json=a.json", "--docs", "--quick"], "npm run bench -- --quick"],
    [[], "npm run bench --"],
  ])("has of %j what changes the figures", (args, command) => {
    expect(describeCommand(args, {})).toBe(command);
  });

  test("has the settings that the server finds in the environment, and no other variables", () => {
    const environment = {
      PATH: "/bin",
      MALLOC_ARENA_MAX: "2",
      INTRA_OP_THREADS: "1",
      MAX_BATCH_SIZE: "",
      PORT: "80",
    };
    expect(describeCommand(["--quick"], environment)).toBe(
      "INTRA_OP_THREADS=1 MALLOC_ARENA_MAX=2 npm run bench -- --quick",
    );
  });
});
