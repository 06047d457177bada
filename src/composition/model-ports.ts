import { classMapDType } from "../signature/class-map.ts";
import { offeredSignatures, type SignatureName } from "../signature/head.ts";
import type { Port, PortType } from "./port.ts";
import type { PartModel } from "./type-composition.ts";

/** Returns the names of what a model gives: the signatures that it offers, and its graph's outputs. */
export function portNames({ head, info }: PartModel): readonly string[] {
  const signatures = offeredSignatures(head).filter((name) => name !== "serving_default");
  return [...new Set<string>([...signatures, ...info.outputs.map(({ name }) => name)])];
}

/** Returns what a model gives by a name, where a signature goes before an output of the graph; undefined when nothing. */
export function modelPort(model: PartModel, name: string): Port | undefined {
  const { head, info, batching } = model;
  const signature = offeredSignatures(head).find((offered) => offered === name);
  if (signature !== undefined && signature !== "serving_default") {
    return { type: signatureType(model, signature), signature };
  }
  const output = info.outputs.find((one) => one.name === name);
  if (output === undefined) return undefined;
  // Without a batch axis its shape is another for each image.
  if (batching.kind === "whole") return { type: { kind: "value", name } };
  return { type: { kind: "tensor", dtype: output.dtype, shape: output.shape.slice(1) } };
}

function signatureType({ head }: PartModel, name: SignatureName): PortType {
  if (name === "boxes") return { kind: "boxes", labels: "labels" in head ? head.labels : undefined };
  if (name === "scores" && "classes" in head) {
    return { kind: "tensor", dtype: "float32", shape: [head.classes] };
  }
  if (head.task === "segmentation" && (name === "class" || name === "mask")) {
    return { kind: "tensor", dtype: classMapDType(head.classes), shape: ["height", "width"] };
  }
  return { kind: "value", name };
}
