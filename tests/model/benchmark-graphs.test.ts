import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ConvnetBuilder } from "../../benchmark/graphs/convnet-builder.ts";
import { mobilenetV2 } from "../../benchmark/graphs/mobilenet-v2.ts";
import { resnet18 } from "../../benchmark/graphs/resnet18.ts";
import { ProtobufReader } from "../../src/model/protobuf-reader.ts";
import { elementCount, type Tensor } from "../../src/tensor/tensor.ts";
import { runModel } from "../support/onnx/run-model.ts";

/** Two pictures of smooth colours, about normalised. */
function pictures(): Tensor {
  const shape = [2, 3, 224, 224];
  const data = Float32Array.from({ length: elementCount(shape) }, (_, i) => 2 * Math.sin(i / 997));
  return { dtype: "float32", shape, data };
}

/** Counts what the file holds: parameters, and channels of the convolutions that folded a normalisation. */
function count(model: Uint8Array) {
  const shapes = initializerShapes(model).filter((shape) => shape.length > 0);
  const biases = shapes.filter((shape) => shape.length === 1);
  const parameters = shapes.reduce((sum, shape) => sum + elementCount(shape), 0);
  const channels = biases.slice(0, -1).reduce((sum, shape) => sum + elementCount(shape), 0);
  return { parameters, channels, published: parameters + channels };
}

function initializerShapes(model: Uint8Array): number[][] {
  const folder = mkdtempSync(join(tmpdir(), "graphs-"));
  const path = join(folder, "model.onnx");
  writeFileSync(path, model);
  const fileDescriptor = openSync(path, "r");
  const reader = new ProtobufReader({ fileDescriptor, sizeBytes: model.byteLength, name: path });
  const shapes: number[][] = [];
  reader.forEachField((field) => {
    if (field.number !== 7) return;
    reader.forEachField((inGraph) => {
      if (inGraph.number !== 5) return;
      const shape: number[] = [];
      reader.forEachField((inTensor) => {
        if (inTensor.number === 1) shape.push(reader.integer(inTensor));
      }, reader.span(inGraph));
      shapes.push(shape);
    }, reader.span(field));
  });
  closeSync(fileDescriptor);
  rmSync(folder, { recursive: true });
  return shapes;
}

describe.each([
  ["resnet18", resnet18, 11_689_512, 4_800],
  ["mobilenetV2", mobilenetV2, 3_504_872, 17_056],
] as const)("%s", (_, build, published, channels) => {
  test("has the published number of parameters, less one for each channel whose normalisation is folded", () => {
    expect(count(build())).toEqual({ parameters: published - channels, channels, published });
  });

  test("gives finite logits that differ from picture to picture and class to class", async () => {
    const { logits } = await runModel(build(), { image: pictures() });
    const numbers = Array.from(logits?.data ?? [], Number);
    expect(logits?.shape).toEqual([2, 1000]);
    expect(numbers.every(Number.isFinite)).toBe(true);
    expect(new Set(numbers).size).toBeGreaterThan(1900);
    expect(Math.max(...numbers.map(Math.abs))).toBeLessThan(1000);
  });
});

describe("ConvnetBuilder", () => {
  test("draws the same weights for the same seed and others for another", () => {
    const build = (seed: number) => {
      const net = new ConvnetBuilder(seed);
      return net.classify(net.convolution(net.image, { channels: 4, kernel: 3 }), 10);
    };
    expect(build(1)).toEqual(build(1));
    expect(build(1)).not.toEqual(build(2));
  });
});
