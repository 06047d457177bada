import type { Backlog } from "../../src/batching/backlog.ts";
import { FairPermits } from "../../src/batching/fair-permits.ts";
import { composeModel } from "../../src/composition/compose-model.ts";
import type { LoadedPart } from "../../src/composition/composed-flow.ts";
import { describeComposition } from "../../src/composition/describe-composition.ts";
import { planComposition } from "../../src/composition/plan-composition.ts";
import { typeComposition } from "../../src/composition/type-composition.ts";
import { DecodeMemory } from "../../src/decode-memory.ts";
import { ServingError } from "../../src/errors.ts";
import type { ImagePool } from "../../src/image-workers/image-pool.ts";
import type { EncodedImage, PreprocessedImage } from "../../src/image-workers/image-task.ts";
import type { CompositionJson } from "../../src/model/composition-json.ts";
import { Predictor } from "../../src/predictor.ts";
import type { Servable } from "../../src/servable.ts";
import type { LoadedModel } from "../../src/serving/model-directory.ts";
import type { Head } from "../../src/signature/head.ts";
import type { Tensors } from "../../src/tensor/tensor.ts";
import { createTunedBatching } from "../../src/tuned-batching.ts";
import { PuppetSession } from "./fake-session.ts";

/** Detects, then classifies each crop. */
const DETECT_AND_CLASSIFY: CompositionJson = {
  nodes: {
    detect: { model: "detector", from: "image" },
    crops: { step: "crop", from: "detect.boxes" },
    classify: { model: "classifier", from: "crops" },
  },
  outputs: { boxes: "detect.boxes", classes: "classify.class" },
};

const DETECTION: Head = {
  task: "detection",
  outputs: { form: "torchvision", boxes: "boxes", scores: "scores", classes: "labels" },
};
const CLASSIFICATION: Head = {
  task: "classification",
  output: "logits",
  classes: 100,
  activation: "softmax",
};

/** A picture whose first byte says how many things are in it, each one pixel wide; 0xff is no picture. */
export function picture(things: number): { kind: "image"; bytes: Uint8Array<ArrayBuffer> } {
  return { kind: "image", bytes: Uint8Array.of(things) };
}

export interface ComposedPuppets {
  readonly model: LoadedModel;
  readonly detector: PuppetSession;
  readonly classifier: PuppetSession;
  /** What the image workers were given, in order. */
  readonly images: readonly EncodedImage[];
  /** Rows that the classifier has yet to answer. */
  readonly waitingCrops: () => number;
}

/** Returns a composition of two models whose runs end when the test says so; a crop's class is its left edge. */
export function composePuppets(): ComposedPuppets {
  const detector = new PuppetSession(info("boxes"), ({ image }) => detect(Number(image?.data[0])));
  const classifier = new PuppetSession(info("logits"), ({ image }) => classify(Number(image?.data[0])));
  const images: EncodedImage[] = [];
  const imagePool = puppetPool(images);
  const classifying = puppetPart("classifier", classifier, CLASSIFICATION, imagePool);
  const models = new Map([
    ["detector", puppetPart("detector", detector, DETECTION, imagePool)],
    ["classifier", classifying],
  ]);
  const servables = new Map([...models].map(([path, { servable }]) => [path, servable]));
  const composition = typeComposition(planComposition(DETECT_AND_CLASSIFY), servables);
  const servable = describeComposition({
    name: "model",
    version: 1,
    composition,
    models: servables,
    samples: [],
  });
  const settings = { maxImagePixels: 1000, maxKeptPixelBytes: 2 ** 20 };
  const model = composeModel({ servable, composition, models, imagePool, settings });
  return { model, detector, classifier, images, waitingCrops: () => classifying.backlog.rows };
}

/** Lets everything that is due happen. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise(setImmediate);
}

function puppetPart(
  name: string,
  session: PuppetSession,
  head: Head,
  imagePool: ImagePool,
): LoadedPart & { readonly backlog: Backlog } {
  const servable: Servable = {
    name,
    version: 1,
    file: "model.onnx",
    sha256: "",
    info: session.info,
    modelInputs: { inputs: session.info.inputs, imageInput: "image", batching: "rows" },
    preprocess: {
      color: "RGB",
      rescaleFactor: 1,
      rescaleOffset: 0,
      mean: [0, 0, 0],
      std: [1, 1, 1],
      layout: "CHW",
      dtype: "float32",
    },
    head,
    batching: { kind: "rows" },
    maxBatchSize: 8,
    maxBatchSizeReason: "",
    batchTimings: [],
    lanes: { count: 1, intraOpThreads: 1, reason: "" },
    samples: [],
    origins: {},
    warnings: [],
  };
  const { scheduler, backlog, tuning } = createTunedBatching({
    servable,
    session,
    settings: { batchTimeoutMicros: 0, targetLatencyMs: undefined },
    metrics: { stageEnded() {}, batchClosed() {} },
    lanes: 1,
    imageWorkers: 2,
    imageMs: () => 0,
  });
  const predictor = new Predictor({
    servable,
    scheduler,
    imagePool,
    rowPermits: new FairPermits({ permits: 64 }),
    workerPermits: new FairPermits({ permits: 2 }),
    decodeMemory: new DecodeMemory({ maxBytes: 2 ** 30, maxImagePixels: 1000 }),
    rowSlots: [],
    stageEnded() {},
  });
  return { servable, predictor, tuning, forecast: backlog, backlog };
}

/** A row is the picture's number; that of a crop its left edge. */
function puppetPool(images: EncodedImage[]): ImagePool {
  const size = { height: 10, width: 100 };
  const preprocess = async (image: EncodedImage): Promise<PreprocessedImage> => {
    images.push(image);
    const [edit] = image.edits ?? [];
    const number = edit?.kind === "crop" ? edit.box.left : (image.bytes[0] ?? 0);
    if (number === 0xff) throw new ServingError("INVALID_IMAGE", "expected an image, got text");
    return {
      row: { dtype: "float32", shape: [1], data: Float32Array.of(number) },
      geometry: { source: size, resized: size, top: 0, left: 0, row: size },
      decodeMs: 0,
      preprocessMs: 0,
      ...(image.keepsPixels ? { pixels: { ...size, channels: 3, data: image.bytes } } : {}),
    };
  };
  return { concurrency: 2, preprocess } as unknown as ImagePool;
}

function info(output: string): PuppetSession["info"] {
  return {
    inputs: [{ name: "image", dtype: "float32", shape: ["N", 3, 10, 100] }],
    outputs: [{ name: output, dtype: "float32", shape: ["N", 100] }],
    provider: "cpu",
  };
}

/** Things stand side by side, in the pixels 1, 2, 3 ... */
function detect(things: number): Tensors {
  const boxes = Array.from({ length: things }, (_, i) => [i + 1, 0, i + 2, 10]).flat();
  const ones = new Float32Array(things).fill(1);
  return {
    boxes: { dtype: "float32", shape: [things, 4], data: Float32Array.from(boxes) },
    scores: { dtype: "float32", shape: [things], data: ones },
    labels: { dtype: "float32", shape: [things], data: ones },
  };
}

function classify(left: number): Tensors {
  const data = new Float32Array(100);
  data[left] = 1;
  return { logits: { dtype: "float32", shape: [100], data } };
}
