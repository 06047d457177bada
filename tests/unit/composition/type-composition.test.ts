import { describe, expect, test } from "vitest";
import { planComposition } from "../../../src/composition/plan-composition.ts";
import { type PartModel, typeComposition } from "../../../src/composition/type-composition.ts";
import { StartupError } from "../../../src/errors.ts";
import type { CompositionJson, NodeJson } from "../../../src/model/composition-json.ts";
import type { Head } from "../../../src/signature/head.ts";
import type { TensorSpec } from "../../../src/tensor/tensor.ts";

const spec = (
  name: string,
  shape: TensorSpec["shape"],
  dtype: TensorSpec["dtype"] = "float32",
): TensorSpec => ({
  name,
  dtype,
  shape,
});

function model(
  head: Head,
  inputs: readonly TensorSpec[],
  outputs: readonly TensorSpec[],
  more: { readonly imageInput?: string; readonly kind?: "rows" | "whole" } = {},
): PartModel {
  const { kind = "rows", imageInput } = more;
  return {
    head,
    info: { inputs, outputs, provider: "cpu" },
    batching: { kind },
    modelInputs: { inputs, batching: kind, ...(imageInput === undefined ? {} : { imageInput }) },
  };
}

const PICTURE = spec("x", ["N", 3, 8, 8]);
const IMAGE = { imageInput: "x" };
const MODELS = new Map<string, PartModel>([
  [
    "detector",
    model(
      {
        task: "detection",
        outputs: { form: "torchvision", boxes: "boxes", scores: "scores", classes: "labels" },
        labels: ["car", "bike"],
      },
      [PICTURE],
      [spec("boxes", ["n", 4])],
      IMAGE,
    ),
  ],
  [
    "classifier",
    model(
      {
        task: "classification",
        output: "logits",
        classes: 3,
        labels: ["a", "b", "c"],
        activation: "softmax",
      },
      [PICTURE],
      [spec("logits", ["N", 3]), spec("features", ["N", 16])],
      IMAGE,
    ),
  ],
  ["head", model({ task: "generic" }, [spec("f", ["N", 16])], [spec("y", ["N", 2])])],
  ["pair", model({ task: "generic" }, [spec("f", ["N", 16]), spec("l", ["N", 3])], [spec("y", ["N"])])],
  ["ids", model({ task: "generic" }, [spec("f", ["N"], "int64")], [spec("s", ["N"], "string")])],
  ["whole", model({ task: "generic" }, [spec("f", [16])], [spec("y", [2])], { kind: "whole" })],
]);

const compose = (nodes: Readonly<Record<string, NodeJson>>, outputs: CompositionJson["outputs"]) =>
  typeComposition(planComposition({ nodes, outputs }), MODELS);

const detect: NodeJson = { model: "detector", from: "image" };
const classify: NodeJson = { model: "classifier", from: "crops" };
const crops: NodeJson = { step: "crop", from: "detect.boxes" };
const ONE_CLASSIFIER: NodeJson = { model: "classifier", from: "image" };

describe("planComposition", () => {
  test("puts each node behind all that it takes from, however they are written down", () => {
    const { nodes } = planComposition({
      nodes: { classify, crops, detect },
      outputs: { y: "classify.label" },
    });
    expect(nodes.map(({ name }) => name)).toEqual(["detect", "crops", "classify"]);
  });

  test.each<[string, CompositionJson["nodes"], CompositionJson["outputs"], string]>([
    [
      "a circle",
      {
        a: { step: "resize", from: "b", height: 1, width: 1 },
        b: { step: "resize", from: "a", height: 1, width: 1 },
      },
      { y: "a" },
      "nodes: the links go round in a circle: a <- b <- a",
    ],
    [
      "a node that takes from itself",
      { a: { step: "argmax", from: "a" } },
      { y: "a" },
      "nodes: the links go round in a circle: a <- a",
    ],
    [
      "an unknown node",
      { detect, crops: { step: "crop", from: "detct.boxes" } },
      { y: "crops" },
      'nodes.crops.from: there is no node "detct"; there are image, detect, crops',
    ],
    [
      "an unknown node of an input",
      { p: { model: "pair", from: { f: "q.x" } } },
      { y: "p.y" },
      'nodes.p.from.f: there is no node "q"; there are image, p',
    ],
    [
      "an unknown node in the outputs",
      { detect },
      { y: "x" },
      'outputs.y: there is no node "x"; there are image, detect',
    ],
    ["no outputs", { detect }, {}, "outputs: name at least one"],
    [
      "a node named image",
      { image: detect },
      { y: "image" },
      'nodes.image: "image" is the request\'s image: give the node another name',
    ],
    [
      "a node of no use",
      { detect, c: ONE_CLASSIFIER },
      { y: "detect.boxes" },
      "nodes.c: nothing takes what it gives: link it to a node or an output, or leave it out",
    ],
  ])("refuses %s", (_, nodes, outputs, message) => {
    expect(() => planComposition({ nodes, outputs })).toThrow(new StartupError(`serving.json: ${message}`));
  });
});

describe("typeComposition", () => {
  test("says what runs for each crop, what is rendered, and whose pixels are kept", () => {
    const sure: NodeJson = { step: "threshold", from: "detect.boxes", at_least: 0.4, labels: ["car"] };
    const { nodes, outputs } = compose(
      { detect, sure, crops: { step: "crop", from: "sure" }, classify },
      { boxes: "sure", label: "classify.label", raw: "classify.features", again: "classify.label" },
    );
    expect(nodes).toMatchObject([
      { name: "detect", signatures: ["boxes"], keepsPixels: true },
      { name: "sure" },
      { name: "crops" },
      { name: "classify", each: "crops", signatures: ["label"], keepsPixels: false },
    ]);
    expect(outputs.raw?.port).toEqual({
      type: { kind: "tensor", dtype: "float32", shape: [16] },
      each: "crops",
    });
    expect(outputs.boxes?.port.each).toBeUndefined();
  });

  test("keeps no pixels where nothing is cut", () => {
    expect(compose({ detect }, { y: "detect.boxes" }).nodes).toMatchObject([{ keepsPixels: false }]);
  });

  test("links an output to an input, also through argmax, and one of several inputs by its name", () => {
    const { nodes } = compose(
      {
        c: ONE_CLASSIFIER,
        h: { model: "head", from: "c.features" },
        best: { step: "argmax", from: "c.scores" },
        i: { model: "ids", from: "best" },
        p: { model: "pair", from: { l: "c.logits", f: "c.features" } },
      },
      { y: "h.y", z: "i.s", w: "p.y" },
    );
    expect(nodes.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      "model c",
      "model h",
      "step best",
      "model i",
      "model p",
    ]);
  });

  test.each<[string, CompositionJson["nodes"], CompositionJson["outputs"], string]>([
    [
      "an unknown port",
      { detect, crops: { step: "crop", from: "detect.boxs" } },
      { y: "crops" },
      'nodes.crops.from: detect gives no "boxs", but boxes, detection',
    ],
    [
      "an unknown port in the outputs",
      { detect },
      { y: "detect.label" },
      'outputs.y: detect gives no "label", but boxes, detection',
    ],
    [
      "a model without a port",
      { detect },
      { y: "detect" },
      'outputs.y: detect gives boxes, detection: write "detect.<one of them>"',
    ],
    [
      "a port of a step",
      { detect, crops },
      { y: "crops.images" },
      'outputs.y: step crops has one port: write "crops", not "crops.images"',
    ],
    [
      "an image as an answer",
      { detect, crops },
      { y: "crops" },
      'outputs.y: "crops" is an image, which is no answer',
    ],
    [
      "the source as an answer",
      { detect },
      { x: "detect.boxes", y: "image" },
      'outputs.y: "image" is an image, which is no answer',
    ],
    [
      "crops of what are no boxes",
      { c: ONE_CLASSIFIER, crops: { step: "crop", from: "c.logits" } },
      { y: "crops" },
      'nodes.crops.from: crop takes boxes, "c.logits" gives a tensor float32 [3]',
    ],
    [
      "crops of crops",
      {
        detect,
        crops,
        again: { model: "detector", from: "crops" },
        more: { step: "crop", from: "again.boxes" },
      },
      { y: "more" },
      'nodes.more.from: crops of crops are not cut: "again.boxes" is for each crop of crops boxes',
    ],
    [
      "an image model that is given a tensor",
      { c: ONE_CLASSIFIER, d: { model: "classifier", from: "c.logits" } },
      { y: "d.label" },
      'nodes.d.from: the model takes an image, "c.logits" gives a tensor float32 [3]',
    ],
    [
      "a tensor model that is given an image",
      { h: { model: "head", from: "image" } },
      { y: "h.y" },
      'nodes.h.from: input f takes a tensor float32 [16], "image" gives an image',
    ],
    [
      "another shape",
      { c: ONE_CLASSIFIER, h: { model: "head", from: "c.logits" } },
      { y: "h.y" },
      'nodes.h.from: input f takes a tensor float32 [16], "c.logits" gives a tensor float32 [3]',
    ],
    [
      "another type",
      {
        c: ONE_CLASSIFIER,
        t: { step: "threshold", from: "c.features", at_least: 0 },
        h: { model: "head", from: "t" },
      },
      { y: "h.y" },
      'nodes.h.from: input f takes a tensor float32 [16], "t" gives a tensor uint8 [16]',
    ],
    [
      "a value that is no tensor",
      { c: ONE_CLASSIFIER, i: { model: "ids", from: "c.label" } },
      { y: "i.s" },
      'nodes.i.from: input f takes a tensor int64 [], "c.label" gives "label", which only an output can take',
    ],
    [
      "one port for two inputs",
      { c: ONE_CLASSIFIER, p: { model: "pair", from: "c.features" } },
      { y: "p.y" },
      "nodes.p.from: name a port for each of f, l",
    ],
    [
      "an unknown input",
      { c: ONE_CLASSIFIER, p: { model: "pair", from: { f: "c.features", m: "c.logits" } } },
      { y: "p.y" },
      'nodes.p.from: there is no input "m"; the model takes f, l',
    ],
    [
      "a missing input",
      { c: ONE_CLASSIFIER, p: { model: "pair", from: { f: "c.features" } } },
      { y: "p.y" },
      'nodes.p.from: "l" is missing; the model takes f, l',
    ],
    [
      "inputs for each image and for each crop",
      {
        c: ONE_CLASSIFIER,
        detect,
        crops,
        classify,
        p: { model: "pair", from: { f: "c.features", l: "classify.logits" } },
      },
      { y: "p.y" },
      "nodes.p.from: its inputs must all be one for each image, or one for each crop of one node",
    ],
    [
      "a model without a batch axis",
      { c: ONE_CLASSIFIER, w: { model: "whole", from: "c.features" } },
      { y: "w.y" },
      'nodes.w.from: input f takes a tensor float32 [], "c.features" gives a tensor float32 [16]',
    ],
    [
      "a score that is none",
      { detect, t: { step: "threshold", from: "detect.boxes", at_least: 40 } },
      { y: "t" },
      "nodes.t.at_least: a score is 0 to 1, not 40",
    ],
    [
      "a label that the detector has not",
      { detect, t: { step: "threshold", from: "detect.boxes", at_least: 0, labels: ["cat"] } },
      { y: "t" },
      'nodes.t.labels: the detector has no label "cat"',
    ],
    [
      "labels of a tensor",
      { c: ONE_CLASSIFIER, t: { step: "threshold", from: "c.scores", at_least: 0, labels: ["a"] } },
      { y: "t" },
      "nodes.t.labels: only boxes have labels",
    ],
    [
      "an axis that is not there",
      { c: ONE_CLASSIFIER, m: { step: "argmax", from: "c.scores", axis: 1 } },
      { y: "m" },
      "nodes.m.axis: a tensor float32 [3] has no axis 1; the first is 0, without the batch",
    ],
    [
      "a resized tensor",
      { c: ONE_CLASSIFIER, r: { step: "resize", from: "c.scores", height: 1, width: 1 } },
      { y: "r" },
      'nodes.r.from: resize takes an image, "c.scores" gives a tensor float32 [3]',
    ],
  ])("refuses %s", (_, nodes, outputs, message) => {
    expect(() => compose(nodes, outputs)).toThrow(new StartupError(`serving.json: ${message}`));
  });
});
