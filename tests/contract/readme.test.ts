import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { imageInstance, tenDigits } from "../support/digits.ts";
import { request } from "../support/http-client.ts";
import { DIGITS_DIR, type StartedServer, startServer } from "../support/start-server.ts";

const readme = readFileSync(join(DIGITS_DIR, "../README.md"), "utf8");
const blocks = [...readme.matchAll(/```json.*\n([\s\S]*?)```/g)].map(
  ([, text]) => JSON.parse(text ?? "") as unknown,
);

let started: StartedServer;
beforeAll(async () => {
  started = await startServer();
});
afterAll(() => started.close());

const predict = (body: Uint8Array | object) => request(`${started.url}/analyze:predict`, { body });

describe("the README's answers", () => {
  test("one file", async () => {
    const answer = await predict(readFileSync(join(DIGITS_DIR, "samples/7.png")));
    expect(blocks[0]).toEqual(answer.json);
  });

  test("the best two classes, to the digits that another processor may change", async () => {
    const instances = tenDigits().slice(7, 8);
    const answer = await predict({ signature_name: "top_k", parameters: { k: 2 }, instances });
    const written = blocks[1] as { predictions: { label: string; score: number }[][] };
    const got = answer.json as typeof written;
    expect(written.predictions[0]?.map(({ label }) => label)).toEqual(
      got.predictions[0]?.map(({ label }) => label),
    );
    written.predictions[0]?.forEach(({ score }, i) => {
      expect(got.predictions[0]?.[i]?.score).toBeCloseTo(score, 4);
    });
  });

  test("ten digits from the stored request, which holds the samples", async () => {
    const stored = readFileSync(join(DIGITS_DIR, "samples/ten.json"));
    expect(JSON.parse(stored.toString("utf8"))).toEqual({ instances: tenDigits() });
    expect(blocks[2]).toEqual((await predict(stored)).json);
  });

  test("nine digits and an error page", async () => {
    const bad = { ...imageInstance(Buffer.from("<html><body>404</body></html>")), key: "9/43/12" };
    const instances = tenDigits().map((digit, i) => (i === 3 ? bad : digit));
    expect(blocks[3]).toEqual((await predict({ instances })).json);
  });
});
