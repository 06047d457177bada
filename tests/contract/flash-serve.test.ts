import { describe, expect, onTestFinished, test } from "vitest";
import { type Answer, request } from "../support/http-client.ts";
import type { FolderFiles } from "../support/model-folder.ts";
import { torchvision, ultralytics } from "../support/onnx/detectors.ts";
import { classifier, segmentation } from "../support/onnx/image-models.ts";
import { node, value, writeModel } from "../support/onnx/model-writer.ts";
import { solidPng } from "../support/solid-png.ts";
import { startServer } from "../support/start-server.ts";

async function serve(files: FolderFiles, flags: readonly string[] = []): Promise<string> {
  const started = await startServer({ files, flags });
  onTestFinished(() => started.close());
  return started.url;
}

type Color = readonly [number, number, number];
const RED: Color = [255, 0, 0];
const BLUE: Color = [0, 0, 255];

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
const image = (color: Color, height = 8, width = 8) => ({ data: base64(solidPng(height, width, color)) });

/** As Flash's example scripts: `requests.post(url, json=body)`, so with their Content-Type. */
function post(url: string, payload: unknown, more: object = {}): Promise<Answer> {
  const body = { session: "UUID", payload, ...more };
  return request(url, { headers: { "Content-Type": "application/json" }, body });
}

const COLORS = { "model.onnx": classifier(), "labels.txt": "red\ngreen\nblue\n" };

describe("POST /predict of Flash Serve", () => {
  test("answers the label of a task's input as its output, and the caller's session", async () => {
    const url = await serve(COLORS);
    const answer = await post(`${url}/predict`, { inputs: image(RED) });
    expect([answer.status, answer.json]).toEqual([200, { session: "UUID", result: { outputs: "red" } }]);
  });

  test.each(["predict", "classify", "detect"])(
    "answers /%s, an input of any name as a prediction",
    async (route) => {
      const url = await serve(COLORS);
      const answer = await post(`${url}/${route}`, { img: image(BLUE) });
      expect(answer.json).toEqual({ session: "UUID", result: { prediction: "blue" } });
    },
  );

  test.each([[{}], [{ session: "" }], [{ session: null }]])("makes up a session for %j", async (more) => {
    const url = await serve(COLORS);
    const body = { payload: { img: image(RED) }, ...more };
    const sessions = await Promise.all(
      [1, 2].map(async () => (await request(`${url}/predict`, { body })).json.session),
    );
    expect(sessions[0]).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(sessions[0]).not.toBe(sessions[1]);
  });

  test("takes base64 without its padding, of images long and short", async () => {
    const url = await serve(COLORS);
    const noisy = Buffer.concat([solidPng(8, 8, RED), Buffer.alloc(1001)]);
    for (const bytes of [solidPng(8, 8, RED), noisy]) {
      const data = base64(bytes).replace(/=+$/, "");
      expect((await post(`${url}/predict`, { img: { data } })).json.result).toEqual({ prediction: "red" });
    }
  });

  test("answers a list of images with a list", async () => {
    const url = await serve(COLORS);
    const images = [image(RED), image(BLUE)];
    expect((await post(`${url}/predict`, { img: images })).json.result).toEqual({
      prediction: ["red", "blue"],
    });
    expect((await post(`${url}/predict`, { inputs: images.slice(0, 1) })).json.result).toEqual({
      outputs: ["red"],
    });
  });

  test("answers a detector's boxes, labels and scores, repeated", async () => {
    const url = await serve({ "model.onnx": ultralytics(), "labels.txt": "red\ngreen\nblue\n" });
    const result = {
      boxes: [
        [1, 0, 17, 8],
        [16, 8, 32, 16],
      ],
      labels: ["red", "red"],
      scores: [1, 0.5],
    };
    const img = image(RED, 16, 32);
    expect((await post(`${url}/detect`, { img })).json.result).toEqual(result);
    expect((await post(`${url}/predict`, { inputs: img })).json.result).toEqual({ outputs: result });
  });

  test("answers a segmentation's class map for a task, else a PNG of the source's size", async () => {
    const url = await serve({ "model.onnx": segmentation() });
    const map = (await post(`${url}/predict`, { inputs: image(BLUE, 16, 32) })).json.result as {
      outputs: number[][];
    };
    expect(map.outputs).toEqual(Array.from({ length: 8 }, () => Array.from({ length: 8 }, () => 2)));
    const shown = (await post(`${url}/predict`, { img: image(BLUE, 16, 32) })).json.result as {
      prediction: string;
    };
    const png = Buffer.from(shown.prediction, "base64");
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([32, 16]);
  });

  test("answers what signature_name asks for", async () => {
    const url = await serve(COLORS);
    const answer = await post(`${url}/predict`, { img: image(RED) }, { signature_name: "class" });
    expect(answer.json.result).toEqual({ prediction: 0 });
  });

  test("answers each of FLASH_ROUTES, and no other", async () => {
    const url = await serve(COLORS, ["--flash-routes=/my/own, tag"]);
    expect((await post(`${url}/my/own`, { img: image(RED) })).status).toBe(200);
    expect((await post(`${url}/tag`, { img: image(RED) })).status).toBe(200);
    expect((await post(`${url}/predict`, { img: image(RED) })).status).toBe(404);
  });

  test.each(["/v1/x", "flashserve", "/a b", "/a:b"])("does not start with FLASH_ROUTES=%s", async (route) => {
    await expect(serve(COLORS, [`--flash-routes=${route}`])).rejects.toThrow(/^FLASH_ROUTES: /);
  });
});

describe("POST /predict of Flash Serve, of plain tensors", () => {
  const sum = {
    "model.onnx": writeModel({
      inputs: [value("a", "float32", ["N", 1]), value("b", "float32", ["N", 1])],
      outputs: [value("y", "float32", ["N", 1])],
      nodes: [node("Add", ["a", "b"], ["y"])],
    }),
  };

  const identity = (dtype: "float32" | "string", shape: readonly (string | number)[]) => ({
    "model.onnx": writeModel({
      inputs: [value("x", dtype, [...shape])],
      outputs: [value("y", dtype, [...shape])],
      nodes: [node("Identity", ["x"], ["y"])],
    }),
  });

  test("takes and answers Numbers", async () => {
    const url = await serve(sum);
    const answer = await post(`${url}/predict`, { a: { num: 2 }, b: { num: 3.5 } });
    expect(answer.json.result).toEqual({ prediction: 5.5 });
    const repeated = await post(`${url}/predict`, {
      a: [{ num: 1 }, { num: 2 }],
      b: [{ num: 3 }, { num: 4 }],
    });
    expect(repeated.json.result).toEqual({ prediction: [4, 6] });
  });

  test("takes a Table whose columns are the inputs, a row or several", async () => {
    const url = await serve(sum);
    const table = (rows: Record<string, number>, others: Record<string, number>) => ({
      table: { features: { b: others, a: rows } },
    });
    expect((await post(`${url}/predict`, table({ "0": 1 }, { "0": 2 }))).json.result).toEqual({
      prediction: 3,
    });
    const several = table({ "0": 1, "1": 10 }, { "0": 2, "1": 20 });
    expect((await post(`${url}/predict`, several)).json.result).toEqual({ prediction: [3, 30] });
  });

  test("takes a Table as the rows of the only input, and a BBox", async () => {
    const url = await serve(identity("float32", ["N", 4]));
    const features = { w: { "0": 1 }, x: { "0": 2 }, y: { "0": 3 }, z: { "0": 4 } };
    const answers = await Promise.all(
      [{ table: { features } }, { b: { box: [1, 2, 3, 4] } }, { x: { data: [1, 2, 3, 4] } }].map((payload) =>
        post(`${url}/predict`, payload),
      ),
    );
    for (const { json } of answers) expect(json.result).toEqual({ prediction: [1, 2, 3, 4] });
  });

  test("takes and answers Text", async () => {
    const url = await serve(identity("string", ["N"]));
    const answer = await post(`${url}/predict`, { inp: { text: "héllo" } });
    expect(answer.json.result).toEqual({ prediction: "héllo" });
  });

  test("answers text for a model of numbers, and fields that are missing, with 422 that names them", async () => {
    const url = await serve(sum);
    const cases = [
      [{ a: { num: 1 } }, ["body", "payload", "b"], "value_error.missing"],
      [{ a: { num: "x" }, b: { num: 1 } }, ["body", "payload", "a", "num"], "type_error.float"],
      [{ a: { text: "x" }, b: { num: 1 } }, ["body", "payload", "a", "text"], "value_error"],
      [{ a: { box: [1] }, b: { num: 1 } }, ["body", "payload", "a", "box"], "value_error"],
      [{ a: 1, b: { num: 1 } }, ["body", "payload", "a"], "type_error.dict"],
      [{ a: {}, b: { num: 1 } }, ["body", "payload", "a", "data"], "value_error.missing"],
      [{ a: { label: "x" }, b: { num: 1 } }, ["body", "payload", "a", "label"], "value_error"],
      [{ a: [{ num: 1 }, { num: 2 }], b: { num: 1 } }, ["body", "payload", "b"], "value_error"],
    ] as const;
    for (const [payload, loc, type] of cases) {
      const { status, json } = await post(`${url}/predict`, payload);
      expect([status, json.detail]).toEqual([422, [{ loc, msg: expect.any(String), type }]]);
    }
  });
});

describe("errors of Flash Serve's routes", () => {
  test.each([
    ["no object", "[1]", ["body"], "type_error.dict"],
    ["no payload", "{}", ["body", "payload"], "value_error.missing"],
    ["another API's body", '{"instances":[1]}', ["body", "payload"], "value_error.missing"],
    ["a payload that is no object", '{"payload":3}', ["body", "payload"], "type_error.dict"],
    ["an empty payload", '{"payload":{}}', ["body", "payload", "inputs"], "value_error.missing"],
    ["no data", '{"payload":{"img":{}}}', ["body", "payload", "img", "data"], "value_error.missing"],
    [
      "data that is no text",
      '{"payload":{"img":{"data":7}}}',
      ["body", "payload", "img", "data"],
      "type_error.str",
    ],
    ["no base64", '{"payload":{"img":{"data":"?"}}}', ["body", "payload", "img", "data"], "value_error"],
    ["no image", '{"payload":{"img":{"data":"AAAA"}}}', ["body", "payload"], "value_error"],
    ["no image at all", '{"payload":{"img":[]}}', ["body", "payload", "img"], "value_error"],
    ["two unknown inputs", '{"payload":{"a":{},"b":{}}}', ["body", "payload"], "value_error"],
    [
      "a session that is no text",
      '{"session":{},"payload":{"img":{}}}',
      ["body", "session"],
      "type_error.str",
    ],
    ["no JSON", "nonsense", ["body"], "value_error.jsondecode"],
  ])("answers %s with 422 that names the field", async (_, body, loc, type) => {
    const url = await serve(COLORS);
    const { status, json } = await request(`${url}/predict`, { body });
    expect([status, json]).toEqual([422, { detail: [{ loc, msg: expect.any(String), type }] }]);
  });

  test("answers a raw image, which is another API's, with 422", async () => {
    const url = await serve(COLORS);
    expect((await request(`${url}/predict`, { body: solidPng(8, 8, RED) })).status).toBe(422);
  });

  test("names the image of a list that is at fault, or shows it in its place", async () => {
    const images = { img: [image(RED), { data: "?" }] };
    const failing = await post(`${await serve(COLORS)}/predict`, images);
    expect(failing.json).toMatchObject({ detail: [{ loc: ["body", "payload", "img", 1, "data"] }] });
    const reporting = await post(`${await serve(COLORS, ["--on-bad-instance=report"])}/predict`, images);
    expect(reporting.json.result).toEqual({
      prediction: ["red", { error: { code: "INVALID_BASE64", message: expect.any(String) } }],
    });
  });

  test("answers more images than MAX_INSTANCES with 413", async () => {
    const url = await serve(COLORS, ["--max-instances=1"]);
    const { status, json } = await post(`${url}/predict`, { img: [image(RED), image(RED)] });
    expect([status, json]).toEqual([413, { detail: expect.any(String), code: "TOO_MANY_INSTANCES" }]);
  });
});

describe("what Flash Serve's routes say of themselves", () => {
  test("is alive before the model is loaded", async () => {
    const started = await startServer({ files: COLORS, load: false });
    onTestFinished(() => started.close());
    const alive = await request(`${started.url}/flashserve/alive`);
    expect([alive.status, alive.json]).toEqual([200, { alive: true }]);
    const early = await post(`${started.url}/predict`, { img: image(RED) });
    expect([early.status, early.json.code]).toEqual([503, "NOT_READY"]);
  });

  test("answers the schema and the graph of a route", async () => {
    const url = await serve(COLORS);
    const meta = await request(`${url}/predict/meta`);
    expect(meta.json).toMatchObject({
      title: "Predict_Endpoint_RequestModel",
      required: ["payload"],
      properties: { payload: { $ref: "#/definitions/Predict_Endpoint_Payload" } },
      definitions: {
        Predict_Endpoint_Inputs: {
          properties: { data: { title: "Data", type: "string" } },
          required: ["data"],
        },
        Predict_Endpoint_Payload: { required: ["inputs"] },
      },
    });
    const dag = await request(`${url}/classify/dag_json`);
    expect(dag.json).toEqual({
      dependencies: {
        "model.inputs.inputs": ["model.inputs.inputs.serial"],
        "model.inputs.inputs.serial": ["inputs"],
        "model.outputs.outputs": ["model.inputs.inputs"],
      },
      dependents: {
        "model.inputs.inputs.serial": ["model.inputs.inputs"],
        inputs: ["model.inputs.inputs.serial"],
        "model.inputs.inputs": ["model.outputs.outputs"],
      },
      funcnames: { model: ["model"] },
      connections: [],
      endpoint: {
        name: "classify_ENDPOINT",
        route: "/classify",
        payload_key_dsk_task: { inputs: "model.inputs.inputs.serial" },
        result_key_dsk_task: { outputs: "model.outputs.outputs.serial" },
      },
    });
  });

  test("shows the links of a composition, and answers its outputs", async () => {
    const url = await serve({
      "serving.json": {
        nodes: {
          detect: { model: "detector", from: "image" },
          crops: { step: "crop", from: "detect.boxes" },
          classify: { model: "classifier", from: "crops" },
        },
        outputs: { colors: "classify.label" },
      },
      "detector/model.onnx": torchvision(),
      "classifier/model.onnx": classifier(),
      "classifier/labels.txt": "red\ngreen\nblue\n",
    });
    const img = image(RED, 16, 32);
    expect((await post(`${url}/predict`, { img })).json.result).toEqual({ colors: ["red"] });
    expect((await post(`${url}/predict`, { inputs: img })).json.result).toEqual({
      outputs: { colors: ["red"] },
    });
    expect((await post(`${url}/predict`, { img: [img, img] })).json.result).toEqual({
      colors: [["red"], ["red"]],
    });
    const { json } = await request(`${url}/flashserve/dag_json`);
    expect(json.connections).toEqual([
      { source_component: "detect", source_key: "boxes", target_component: "crops", target_key: "input" },
      { source_component: "crops", source_key: "output", target_component: "classify", target_key: "image" },
    ]);
  });
});
