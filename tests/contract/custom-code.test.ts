import { describe, expect, onTestFinished, test } from "vitest";
import { imageInstance } from "../support/digits.ts";
import { request } from "../support/http-client.ts";
import { classifier } from "../support/onnx/image-models.ts";
import { halfPlusTwo } from "../support/onnx/tensor-models.ts";
import { solidPng } from "../support/solid-png.ts";
import { type StartedServer, startServer } from "../support/start-server.ts";

/** Serves the classifier of colours (red, green, blue), or another model, with this handler. */
async function serve(
  handler: string,
  { model = classifier(), flags = [] }: { model?: Uint8Array<ArrayBuffer>; flags?: readonly string[] } = {},
): Promise<StartedServer> {
  const started = await startServer({
    files: {
      "model.onnx": model,
      "serving.json": { preprocess: { mean: [0], std: [1] } },
      "handler.mjs": handler,
    },
    flags,
  });
  onTestFinished(() => started.close());
  return started;
}

const RED = imageInstance(solidPng(8, 8, [255, 0, 0]));
const GREEN = imageInstance(solidPng(8, 8, [0, 255, 0]));
const BLUE = imageInstance(solidPng(8, 8, [0, 0, 255]));

/** Does what the picture's colour says: green throws, blue turns it down. */
const BY_COLOR = (hook: string) => `
  export function preprocess(image) {
    const [red, green, blue] = image.data;
    if (green === 255) { ${hook} }
    if (blue === 255) throw Object.assign(new Error("no blue pictures, please"), { code: "INVALID_ARGUMENT" });
    return image;
  }`;

const FAILED = { code: "INTERNAL", message: "instances[1]: handler.mjs failed in preprocess" };
const REJECTED = { code: "INVALID_ARGUMENT", message: "instances[2]: no blue pictures, please" };

describe("a handler's preprocess", () => {
  test("that throws, or turns an image down, fails that instance alone; the cause is in the log alone", async () => {
    const { url, log } = await serve(BY_COLOR(`throw new Error("a secret");`));
    const answer = await request(`${url}/analyze:predict`, { body: { instances: [RED, GREEN, BLUE, RED] } });
    expect(answer.status).toBe(200);
    expect(answer.headers["x-failed-instances"]).toBe("1,2");
    expect(answer.json).toEqual({
      predictions: [0, { error: FAILED }, { error: REJECTED }, 0],
      errors: [
        { instance: 1, ...FAILED },
        { instance: 2, ...REJECTED },
      ],
    });
    const lines = log.filter(({ level }) => level === "error");
    expect(lines).toMatchObject([
      {
        code: "INTERNAL",
        faults: 1,
        requestId: answer.headers["x-request-id"],
        cause: { message: "a secret" },
      },
    ]);
    expect(JSON.stringify(lines)).toContain("handler.mjs:");
  });

  test.each([
    ["INTERNAL", 500, GREEN],
    ["INVALID_ARGUMENT", 400, BLUE],
  ])(
    "that fails with %s fails the request with %i where one bad instance is to",
    async (code, status, bad) => {
      const { url } = await serve(BY_COLOR(`throw new Error("a secret");`));
      const body = { instances: [RED, bad] };
      const answer = await request(`${url}/v1/models/model:predict`, { body });
      expect(answer.status).toBe(status);
      expect(answer.json).toMatchObject({ code, instance: 1 });
      expect(answer.text).not.toMatch(/secret|handler\.mjs:|\.js/);
    },
  );

  test.each([
    ["never gives its thread back", "for (;;);"],
    ["ends its thread", "process.exit(1);"],
    [
      "throws where nobody waits for it",
      `setTimeout(() => { throw new Error("late"); }); throw new Error("now");`,
    ],
  ])("that %s fails its instance alone", async (_, hook) => {
    const { url, fatal } = await serve(BY_COLOR(hook), { flags: ["--image-timeout-ms=3000"] });
    const instances = [RED, GREEN, RED, RED, RED];
    const answer = await request(`${url}/analyze:predict`, { body: { instances } });
    expect(answer.json.predictions).toMatchObject([0, { error: { code: "INTERNAL" } }, 0, 0, 0]);
    expect((await request(`${url}/analyze:predict`, { body: { instances: [RED] } })).json).toEqual({
      predictions: [0],
    });
    expect(fatal).toEqual([]);
  });

  test("that leaves a promise behind which is rejected later does not end the server", async () => {
    const { url, fatal } = await serve(
      BY_COLOR("setTimeout(() => Promise.reject(new Error('late'))); return image;"),
    );
    for (const [instance, color] of [
      [GREEN, 1],
      [RED, 0],
      [RED, 0],
    ] as const) {
      const answer = await request(`${url}/analyze:predict`, { body: { instances: [instance] } });
      expect(answer.json).toEqual({ predictions: [color] });
    }
    expect(fatal).toEqual([]);
  });

  test("sees what the server's own decoder would not take, where decode takes it", async () => {
    const { url } = await serve(`
      export function decode(bytes) {
        const text = new TextDecoder().decode(bytes);
        if (!text.startsWith("colour ")) return undefined;
        return { height: 1, width: 1, channels: 3, data: Uint8Array.from(text.slice(7).split(","), Number) };
      }`);
    const blue = imageInstance(Buffer.from("colour 0,0,255"));
    const html = imageInstance(Buffer.from("<html></html>"));
    const { json } = await request(`${url}/analyze:predict`, { body: { instances: [blue, GREEN, html] } });
    expect(json.predictions).toMatchObject([2, 1, { error: { code: "INVALID_IMAGE" } }]);
  });
});

/** The share of the first output above a threshold, by class. */
const SHARES = `
  export function postprocess({ logits }, { labels, origin, parameters }) {
    if (parameters.fail) throw new Error("a secret");
    const { threshold = 0.5 } = parameters;
    return { above: logits.data.map((score) => (score > threshold ? 1 : Number.NaN)), labels, source: origin?.source };
  }`;

describe("a handler's postprocess", () => {
  test("answers by default where fastai-serving's clients ask, and by name everywhere", async () => {
    const { url } = await serve(SHARES);
    const answer = '{"above":[1.0,null,null],"source":{"height":8,"width":8}}';
    const analyze = await request(`${url}/analyze:predict`, { body: { instances: [RED] } });
    expect(analyze.text).toBe(`{"predictions":[${answer}]}`);
    const single = await request(`${url}/analyze:predict`, { body: RED });
    expect(single.text).toBe(`{"prediction":${answer}}`);
    const raw = await request(`${url}/v1/models/model:predict`, { body: { instances: [RED] } });
    expect(raw.text).toBe('{"predictions":[[1.0,0.0,0.0]]}');
    const named = await request(`${url}/v1/models/model:predict`, {
      body: { signature_name: "custom", parameters: { threshold: -1 }, instances: [RED] },
    });
    expect(named.text).toBe('{"predictions":[{"above":[1.0,1.0,1.0],"source":{"height":8,"width":8}}]}');
    const metadata = (await request(`${url}/v1/models/model/metadata`)).json;
    expect(metadata).toMatchObject({
      metadata: { signature_def: { signature_def: { custom: { outputs: { custom: {} } } } } },
      onnx_serving: {
        signatures: expect.arrayContaining(["custom"]),
        origins: { postprocess: "handler.mjs" },
      },
    });
  });

  test("gives way to DEFAULT_SIGNATURE", async () => {
    const { url } = await serve(SHARES, { flags: ["--default-signature=class"] });
    expect((await request(`${url}/analyze:predict`, { body: { instances: [BLUE] } })).json).toEqual({
      predictions: [2],
    });
  });

  test("that throws fails with 500 where no instance is left, and tells the caller nothing", async () => {
    const { url } = await serve(SHARES);
    const body = { parameters: { fail: true }, instances: [RED, GREEN] };
    const answer = await request(`${url}/analyze:predict`, { body });
    expect(answer.status).toBe(500);
    expect(answer.json).toEqual({
      error: "instances[0]: handler.mjs failed in postprocess",
      code: "INTERNAL",
      instance: 0,
    });
  });

  test("that never ends is given up with INTERNAL", async () => {
    const hook = "export const postprocess = (_, { parameters }) => { while (parameters.spin); return 1; };";
    const { url } = await serve(hook, { flags: ["--image-timeout-ms=3000"] });
    const body = { parameters: { spin: true }, instances: [RED] };
    const answer = await request(`${url}/analyze:predict`, { body });
    expect([answer.status, answer.json.code]).toEqual([500, "INTERNAL"]);
  });

  test("answers rows of plain tensors, in the row and in the columnar format", async () => {
    const { url } = await serve("export const postprocess = ({ y }, { origin }) => ({ y, origin });", {
      model: halfPlusTwo(),
    });
    const predict = (body: object) =>
      request(`${url}/v1/models/model:predict`, { body: { signature_name: "custom", ...body } });
    expect((await predict({ instances: [1, 2] })).text).toBe('{"predictions":[{"y":2.5},{"y":3.0}]}');
    expect((await predict({ inputs: [1, 2] })).text).toBe('{"outputs":{"y":[2.5,3.0]}}');
  });
});
