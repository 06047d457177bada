import { afterAll, describe, expect, test } from "vitest";
import { imageInstance } from "../support/digits.ts";
import { request } from "../support/http-client.ts";
import type { FolderFiles } from "../support/model-folder.ts";
import { torchvision, ultralytics } from "../support/onnx/detectors.ts";
import { classifier, segmentation } from "../support/onnx/image-models.ts";
import { solidPng } from "../support/solid-png.ts";
import { type StartedServer, startServer } from "../support/start-server.ts";

const LABELS = ["red", "green", "blue"];
const MODELS = {
  classifier: { "model.onnx": classifier(), "serving.json": { labels: LABELS } },
  "multi-label classifier": {
    "model.onnx": classifier(),
    "serving.json": { labels: LABELS, multi_label: true },
  },
  segmentation: { "model.onnx": segmentation({ classes: 3 }) },
  "Ultralytics detector": { "model.onnx": ultralytics(), "labels.txt": LABELS.join("\n") },
  "torchvision detector": { "model.onnx": torchvision() },
} as const satisfies Record<string, FolderFiles>;
const INSTANCES = [imageInstance(solidPng(16, 32, [255, 0, 0]))];

const servers = new Map<string, Promise<StartedServer>>();
afterAll(async () => {
  for (const server of servers.values()) await (await server).close();
});

async function ask(model: keyof typeof MODELS, signature_name: string | undefined, parameters: object) {
  const server = servers.get(model) ?? startServer({ files: MODELS[model] });
  servers.set(model, server);
  const body = { signature_name, parameters, instances: INSTANCES };
  return request(`${(await server).url}/analyze:predict`, { body: JSON.stringify(body) });
}

describe("parameters", () => {
  test.each([
    ["classifier", "top_k", { k: 2 }],
    ["multi-label classifier", "class", { score_threshold: 0.5 }],
    ["multi-label classifier", "label", { score_threshold: 0.5 }],
    ["Ultralytics detector", "boxes", { score_threshold: 0.5, iou_threshold: 0.5, max_detections: 2 }],
    ["torchvision detector", "detection", { score_threshold: 0.5, max_detections: 2 }],
    ["segmentation", "mask", {}],
  ] as const)("of a %s's %s may be %j", async (model, signature, parameters) => {
    expect((await ask(model, signature, parameters)).status).toBe(200);
  });

  test.each([
    ["classifier", undefined, { k: 2 }],
    ["classifier", "class", { score_threshold: 0.5 }],
    ["classifier", "scores", { k: 2 }],
    ["classifier", "serving_default", { k: 2 }],
    ["classifier", "top_k", { k: 2, score_threshold: 0.5 }],
    ["multi-label classifier", "scores", { score_threshold: 0.5 }],
    ["segmentation", "mask", { score_threshold: 0.5 }],
    ["Ultralytics detector", "boxes", { k: 2 }],
    ["Ultralytics detector", "serving_default", { max_detections: 2 }],
    ["torchvision detector", "boxes", { iou_threshold: 0.5 }],
  ] as const)("of a %s's %s are refused that it would ignore: %j", async (model, signature, parameters) => {
    const answer = await ask(model, signature, parameters);
    expect([answer.status, answer.json.code]).toEqual([400, "INVALID_ARGUMENT"]);
  });

  test.each([["temperature"], ["K"], ["toString"], ["constructor"], ["x".repeat(100)]])(
    "that nobody knows are refused with a list of those that there are: %s",
    async (name) => {
      const answer = await ask("classifier", "top_k", { [name]: 1 });
      expect([answer.status, answer.json.code]).toEqual([400, "INVALID_ARGUMENT"]);
      expect(answer.json.error).toContain("k, score_threshold, iou_threshold, max_detections");
    },
  );

  test.each([[null], [[]], ["k"], [5], [true]])("that are no object are refused: %j", async (parameters) => {
    const answer = await ask("classifier", "top_k", parameters as unknown as object);
    expect([answer.status, answer.json.code]).toEqual([400, "INVALID_ARGUMENT"]);
  });

  test.each([["2"], [null], [[2]], [1.5], [0]])(
    "of a wrong type or out of bounds are refused: k = %j",
    async (k) => {
      const answer = await ask("classifier", "top_k", { k });
      expect([answer.status, answer.json.code]).toEqual([400, "INVALID_ARGUMENT"]);
    },
  );
});
