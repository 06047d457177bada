import { describe, expect, test } from "vitest";
import { readPage } from "../../docs/read-page.ts";

const fence = (info: string, text = "text") => `\`\`\`${info}\n${text}\n\`\`\`\n`;
const blocksOf = (...parts: readonly string[]) => readPage(`# A page\n\n${parts.join("\n")}`)[0]?.blocks;

describe("readPage", () => {
  test("tells what is run, what serves, what is a file and what is to be looked at", () => {
    expect(
      blocksOf(
        fence("sh server=page", "npm start"),
        fence("sh server needs=torch", "node dist/bin.cjs"),
        fence("python needs=torch,onnx", "import torch"),
        fence("sh not-run", "docker build ."),
        fence("json file=model/serving.json", "{}"),
        fence("yaml", "a: 1"),
        fence("json example", "{}"),
      ),
    ).toEqual([
      { kind: "server", scope: "page", needs: [], line: 3, text: "npm start" },
      { kind: "server", scope: "section", needs: ["torch"], line: 7, text: "node dist/bin.cjs" },
      {
        kind: "command",
        language: "python",
        isNotRun: false,
        needs: ["torch", "onnx"],
        line: 11,
        text: "import torch",
      },
      { kind: "command", language: "sh", isNotRun: true, needs: [], line: 15, text: "docker build ." },
      { kind: "file", path: "model/serving.json", line: 19, text: "{}" },
    ]);
  });

  test("takes a block of output for the answer of the command before it", () => {
    expect(blocksOf(fence("sh", "echo 7"), "prints\n", fence("text", "7"))).toMatchObject([
      { text: "echo 7", answer: { language: "text", text: "7" } },
    ]);
  });

  test("gives each heading the blocks below it, with its level", () => {
    const page = readPage(`# One\n\n### Two\n\n  ${fence("sh").trimEnd().replaceAll("\n", "\n  ")}\n`);
    expect(page.map(({ title, level, blocks }) => [title, level, blocks.length])).toEqual([
      ["One", 1, 0],
      ["Two", 3, 1],
    ]);
  });

  test.each([
    ["a language that hides a command", [fence("bash")]],
    ["an unknown mark", [fence("sh not-ran")]],
    ["the answer of nothing", [fence("json", "{}")]],
    ["a second answer", [fence("sh"), fence("text"), fence("text")]],
    ["a block without an end", ["```sh\n"]],
  ])("refuses %s", (_, parts) => {
    expect(() => blocksOf(...parts)).toThrow(/^line \d+: /);
  });

  test("refuses a block above the first heading", () => {
    expect(() => readPage(fence("sh"))).toThrow("line 1: a block before the first heading");
  });
});
