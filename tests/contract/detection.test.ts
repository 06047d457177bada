import { describe, expect, onTestFinished, test } from "vitest";
import { imageInstance } from "../support/digits.ts";
import { request } from "../support/http-client.ts";
import type { FolderFiles } from "../support/model-folder.ts";
import { torchvision, ultralytics } from "../support/onnx/detectors.ts";
import { solidPng } from "../support/solid-png.ts";
import { startServer } from "../support/start-server.ts";

async function serve(files: FolderFiles): Promise<string> {
  const started = await startServer({ files });
  onTestFinished(() => started.close());
  return started.url;
}

const RED = [255, 0, 0] as const;
const BLUE = [0, 0, 255] as const;
const instances = [RED, BLUE].map((color) => imageInstance(solidPng(16, 32, color)));

describe("an Ultralytics detector", () => {
  const files = { "model.onnx": ultralytics(), "labels.txt": "red\ngreen\nblue\n" };

  test("answers boxes in pixels of the source by default, overlaps suppressed, best first", async () => {
    const url = await serve(files);
    const boxes = (label: string, index: number) => [
      { label, class: index, score: 1, box: [1, 0, 17, 8] },
      { label, class: index, score: 0.5, box: [16, 8, 32, 16] },
    ];
    const answer = await request(`${url}/analyze:predict`, { body: { instances } });
    expect(answer.json).toEqual({ predictions: [boxes("red", 0), boxes("blue", 2)] });
    const single = await request(`${url}/analyze:predict`, { body: solidPng(16, 32, BLUE) });
    expect(single.json).toEqual({ prediction: boxes("blue", 2) });
  });

  test("answers as TensorFlow's Object Detection API does", async () => {
    const url = await serve(files);
    const body = { signature_name: "detection", instances: instances.slice(1) };
    expect((await request(`${url}/v1/models/model:predict`, { body })).json).toEqual({
      predictions: [
        {
          num_detections: 2,
          detection_boxes: [
            [0, 0.03125, 0.5, 0.53125],
            [0.5, 0.5, 1, 1],
          ],
          detection_scores: [1, 0.5],
          detection_classes: [2, 2],
        },
      ],
    });
  });

  test.each([
    [{ score_threshold: 0.6 }, 1],
    [{ score_threshold: 0.05, iou_threshold: 1 }, 8],
    [{ score_threshold: 0.05, iou_threshold: 1, max_detections: 3 }, 3],
  ])("takes a request's %j", async (parameters, count) => {
    const url = await serve(files);
    const body = { parameters, instances: instances.slice(0, 1) };
    const { json } = await request(`${url}/analyze:predict`, { body });
    expect((json.predictions as unknown[][])[0]).toHaveLength(count);
  });

  test("takes the thresholds of serving.json, and shows them in the metadata", async () => {
    const url = await serve({ ...files, "serving.json": { parameters: { max_detections: 1 } } });
    const { json } = await request(`${url}/analyze:predict`, { body: { instances } });
    const best = (label: string, index: number) => [{ label, class: index, score: 1, box: [1, 0, 17, 8] }];
    expect(json).toEqual({ predictions: [best("red", 0), best("blue", 2)] });
    const metadata = await request(`${url}/v1/models/model/metadata`);
    expect(metadata.json).toMatchObject({
      onnx_serving: { task: "detection", parameters: { max_detections: 1, score_threshold: 0.25 } },
    });
  });

  test("answers a threshold out of its bounds, and a foreign signature, with 400", async () => {
    const url = await serve(files);
    const answers = await Promise.all(
      [{ parameters: { iou_threshold: 1.5 } }, { signature_name: "mask" }].map((wrong) =>
        request(`${url}/analyze:predict`, { body: { ...wrong, instances } }),
      ),
    );
    expect(answers.map(({ status, json }) => [status, json.code])).toEqual([
      [400, "INVALID_ARGUMENT"],
      [400, "INVALID_ARGUMENT"],
    ]);
  });
});

describe("a torchvision detector", () => {
  test.each([
    ["no batch axis in its outputs", torchvision()],
    ["no batch axis at all", torchvision({ isBatched: false })],
  ])("answers each picture's own boxes, none, one or three, though it has %s", async (_, model) => {
    const url = await serve({ "model.onnx": model });
    const colors = [[0, 0, 0] as const, RED, [255, 255, 255] as const, BLUE];
    const body = { instances: colors.map((color) => imageInstance(solidPng(16, 32, color))) };
    const red = { label: "1", class: 1, score: 1, box: [0, 0, 16, 8] };
    const green = { label: "2", class: 2, score: 1, box: [16, 0, 32, 8] };
    const blue = { label: "3", class: 3, score: 1, box: [0, 8, 32, 16] };
    expect((await request(`${url}/analyze:predict`, { body })).json).toEqual({
      predictions: [[], [red], [red, green, blue], [blue]],
    });
  });
});
