import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type CurlRequest, curlCommand } from "../../../src/console/curl-command.ts";

const REQUEST: CurlRequest = {
  url: "http://server:8501/v1/models/model:predict",
  signature: "top_k",
  parameters: { k: 3 },
  files: [],
  samples: [],
};

/** In the place of curl: notes its arguments and its input where it sends something; else answers with the address. */
const CURL = `#!/bin/sh
case "$*" in
  *--data-binary*) body=$(cat) && printf '%s\\n%s\\n' "$*" "$body" >> sent ;;
  *) printf '%s' "$*" ;;
esac
`;

/** Runs the command as a shell would that it was pasted into, and returns what it asked for. */
function sentBy(request: Partial<CurlRequest>, files: Readonly<Record<string, string>> = {}): string[] {
  const folder = mkdtempSync(join(tmpdir(), "onnx-serving-curl-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "curl"), CURL);
  chmodSync(join(folder, "curl"), 0o755);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const env = { PATH: `${folder}:${process.env.PATH}` };
  execFileSync("sh", ["-c", curlCommand({ ...REQUEST, ...request })], { cwd: folder, env });
  return readFileSync(join(folder, "sent"), "utf8").trimEnd().split("\n");
}

const body = (text: string, more: object = { parameters: { k: 3 } }) =>
  JSON.stringify({
    signature_name: "top_k",
    ...more,
    instances: [{ b64: Buffer.from(text).toString("base64") }],
  });

const POST = `-sS --data-binary @- ${REQUEST.url}`;

describe("curlCommand", () => {
  test("sends a file as the console does", () => {
    expect(sentBy({ files: ["a.png"] }, { "a.png": "picture" })).toEqual([POST, body("picture")]);
  });

  test("leaves parameters out where there are none", () => {
    expect(sentBy({ files: ["a.png"], parameters: {} }, { "a.png": "x" })).toEqual([POST, body("x", {})]);
  });

  test("sends several files one after the other, each in a request of its own", () => {
    const files = { "b.png": "second", "a.png": "first" };
    const sent = sentBy({ files: ["b.png", "a.png"] }, files);
    expect(sent).toEqual([POST, body("second"), POST, body("first")]);
  });

  test("sends what is too long for an argument", () => {
    const large = "0123456789".repeat(30_000);
    expect(sentBy({ files: ["large.png"] }, { "large.png": large })).toEqual([POST, body(large)]);
  });

  test("fetches samples from the server", () => {
    const samples = ["http://server:8501/console/samples/model/1.png"];
    expect(sentBy({ samples })).toEqual([POST, body(`-sS ${samples[0]}`)]);
  });

  test("sends files, then samples", () => {
    const samples = ["http://server/1.png", "http://server/2.png"];
    const sent = sentBy({ files: ["a.png"], samples }, { "a.png": "own" });
    expect(sent.filter((line) => line.startsWith("{"))).toEqual(
      ["own", ...samples.map((address) => `-sS ${address}`)].map((text) => body(text)),
    );
  });

  test.each([
    "it's a $(touch owned) `touch owned`.png",
    '"; touch owned; ".png',
    "-n.png",
    "line\nbreak.png",
    "esc\u001b[201~.png",
    "größe ★.png",
    "back\\slash%s.png",
  ])("names the file %j and nothing else", (name) => {
    expect(sentBy({ files: [name] }, { [name]: "picture" })).toEqual([POST, body("picture")]);
    expect(sentBy({ files: [name, "b.png"] }, { [name]: "picture", "b.png": "x" })[1]).toBe(body("picture"));
  });

  test("holds no character that a terminal acts on", () => {
    const command = curlCommand({ ...REQUEST, files: ["esc\u001b[201~.png", "\u009b.png"] });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    expect(command).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });

  test("keeps a quote in the name of a signature within the request", () => {
    const [, sent = ""] = sentBy({ files: ["a.png"], signature: "it's" }, { "a.png": "x" });
    expect(JSON.parse(sent).signature_name).toBe("it's");
  });
});
