import { describe, expect, test } from "vitest";
import { WIRES } from "../../../benchmark/wires.ts";

const TILES = [Buffer.from([0xff, 0xd8, 1]), Buffer.from([0xff, 0xd8, 2, 13, 10])];
const B64 = TILES.map((tile) => tile.toString("base64"));

describe("WIRES", () => {
  test.each([
    ["analyze", { instances: B64.map((b64) => ({ image_bytes: { b64 } })) }],
    ["predict", { instances: B64.map((b64) => ({ image_bytes: { b64 } })) }],
    ["torchserve", { instances: B64.map((b64) => ({ b64 })) }],
    ["v1", { instances: B64.map((b64) => ({ b64 })) }],
    [
      "v2",
      {
        inputs: [
          {
            name: "image",
            shape: [2, 1],
            datatype: "BYTES",
            parameters: { content_type: "base64" },
            data: B64,
          },
        ],
      },
    ],
  ] as const)("%s holds the tiles in order, as base64 in JSON", (name, expected) => {
    const { body } = WIRES[name].request(TILES);
    expect(JSON.parse(body.toString())).toEqual(expected);
  });

  test("analyze names no Content-Type, as chip-n-scale", () => {
    expect(WIRES.analyze.request(TILES).headers).toEqual({});
  });

  test("v2Binary holds each tile after its length, behind a JSON header of the length that it names", () => {
    const { headers, body } = WIRES.v2Binary.request(TILES);
    const length = Number(headers["Inference-Header-Content-Length"]);
    const { inputs } = JSON.parse(body.subarray(0, length).toString());
    const data = body.subarray(length);
    expect(inputs).toEqual([
      {
        name: "image",
        shape: [2, 1],
        datatype: "BYTES",
        parameters: { binary_data_size: data.length },
      },
    ]);
    const expected = [Buffer.from([3, 0, 0, 0]), TILES[0], Buffer.from([5, 0, 0, 0]), TILES[1]] as Buffer[];
    expect(data).toEqual(Buffer.concat(expected));
  });

  test("multipart holds each tile as a part of one name", async () => {
    const { headers, body } = WIRES.multipart.request(TILES);
    const form = await new Response(new Uint8Array(body), { headers }).formData();
    const parts = form.getAll("images") as unknown as Blob[];
    const bytes = await Promise.all(parts.map(async (part) => Buffer.from(await part.arrayBuffer())));
    expect(bytes).toEqual(TILES);
    expect(parts.map(({ type }) => type)).toEqual(["image/jpeg", "image/jpeg"]);
  });

  test.each([
    ["analyze", { predictions: [3, 1] }],
    ["torchserve", { predictions: [3, 1] }],
    ["v2", { outputs: [{ name: "class", data: [3, 1] }] }],
    ["v2Binary", { outputs: [{ name: "class", data: [3, 1] }] }],
    ["multipart", [3, 1]],
  ] as const)("%s reads the classes in order", (name, answer) => {
    expect(WIRES[name].classes(JSON.stringify(answer))).toEqual([3, 1]);
  });

  test("reads NaN where an answer is not a class, and none where there is no list", () => {
    expect(WIRES.analyze.classes('{"predictions":[3,{"error":"x"},0.5]}')).toEqual([
      3,
      Number.NaN,
      Number.NaN,
    ]);
    expect(WIRES.analyze.classes('{"error":"x"}')).toEqual([]);
    expect(WIRES.v2.classes('{"error":"x"}')).toEqual([]);
  });
});
