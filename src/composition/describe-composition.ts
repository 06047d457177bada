import { createHash } from "node:crypto";
import type { Servable } from "../servable.ts";
import type { TensorSpec } from "../tensor/tensor.ts";
import { SOURCE } from "./plan-composition.ts";
import type { Port } from "./port.ts";
import type { TypedComposition } from "./type-composition.ts";

export interface DescribeOptions {
  readonly name: string;
  readonly version: number;
  readonly composition: TypedComposition;
  /** By the path of their folder, in the order of the nodes. */
  readonly models: ReadonlyMap<string, Servable>;
  /** Images of the composed model's folder. */
  readonly samples: Servable["samples"];
}

/** Returns what is said of a composed model as a whole. */
export function describeComposition({
  name,
  version,
  composition,
  models,
  samples,
}: DescribeOptions): Servable {
  const all = [...models.entries()];
  const servables = all.map(([, servable]) => servable);
  const [first] = servables;
  if (first === undefined) throw new Error("a composition without a model");
  const hash = createHash("sha256");
  for (const { sha256 } of servables) hash.update(sha256);
  const inputs: TensorSpec[] = [{ name: SOURCE, dtype: "uint8", shape: ["N", "height", "width", 3] }];
  const outputs = Object.entries(composition.outputs).map(([output, { port }]) =>
    describeOutput(output, port),
  );
  const from = (kind: "origins", path: string, servable: Servable) =>
    Object.entries(servable[kind]).map(([key, origin]) => [`${path}: ${key}`, origin] as const);
  return {
    name,
    version,
    file: "serving.json",
    sha256: hash.digest("hex"),
    info: { inputs, outputs, provider: first.info.provider },
    modelInputs: { inputs, batching: "rows", imageInput: SOURCE },
    head: { task: "generic" },
    batching: { kind: "rows" },
    maxBatchSize: Math.max(...servables.map(({ maxBatchSize }) => maxBatchSize)),
    maxBatchSizeReason: "the largest of its models'",
    batchTimings: [],
    lanes: { ...first.lanes, reason: "those of its first model" },
    samples,
    origins: Object.fromEntries(all.flatMap(([path, servable]) => from("origins", path, servable))),
    ...(first.exampleImage === undefined ? {} : { exampleImage: first.exampleImage }),
    warnings: all.flatMap(([path, { warnings }]) => warnings.map((warning) => `${path}: ${warning}`)),
    composition,
  };
}

function describeOutput(name: string, { type, each }: Port): TensorSpec {
  const crops = each === undefined ? [] : ["crops"];
  if (type.kind === "tensor") return { name, dtype: type.dtype, shape: ["N", ...crops, ...type.shape] };
  const found = type.kind === "boxes" ? ["boxes"] : [];
  return { name, dtype: "string", shape: ["N", ...crops, ...found] };
}
