import { describe, expect, test } from "vitest";
import { isSameOutput } from "../../docs/is-same-output.ts";

const isText = (printed: string, text: string) => isSameOutput(printed, { language: "text", text });

describe("isSameOutput", () => {
  test("looks past white space and the last digits of a fraction", () => {
    expect(isText('{"score": 0.96886146}\n', '{"score":0.96886}')).toBe(true);
    expect(isText('{"score": 0.96}', '{"score":0.97}')).toBe(false);
    expect(isText('{"class": 7}', '{"class":8}')).toBe(false);
  });

  test("takes lines of JSON in any order", () => {
    const answer = { language: "jsonl", text: '{"a":1}\n{"a":2}' } as const;
    expect(isSameOutput('{"a":2}\n{"a":1}\n', answer)).toBe(true);
    expect(isSameOutput('{"a":2}\n{"a":2}\n', answer)).toBe(false);
  });

  test("lets a line of dots stand for any lines, and the others for themselves, in their order", () => {
    const printed = "Model\n  file  a\n  run 3 ms\n\nProof\n  golden passed\n";
    expect(isText(printed, "Model\n  file  a\n...\nProof\n  golden passed")).toBe(true);
    expect(isText(printed, "...\nProof\n...")).toBe(true);
    expect(isText(printed, "Proof\n...")).toBe(false);
    expect(isText(printed, "...\nProof")).toBe(false);
    expect(isText(printed, "Model\n...\n  file  b\n...")).toBe(false);
    expect(isText(printed, "...\n  golden passed\n...\nModel\n...")).toBe(false);
    expect(isText(printed, "Model\n...\n  run ...\n\nProof\n...")).toBe(true);
    expect(isText(printed, "Model\n...\n  runs ...\n\nProof\n...")).toBe(false);
  });
});
