import type { StepJson } from "../model/composition-json.ts";
import { type Link, refuse } from "./plan-composition.ts";
import { describePort, type Port, type PortType } from "./port.ts";

const TAKES: Readonly<Record<StepJson["step"], readonly PortType["kind"][]>> = {
  crop: ["boxes"],
  resize: ["image"],
  threshold: ["boxes", "tensor"],
  argmax: ["tensor"],
};

/**
 * Returns what a step gives of what it takes.
 *
 * @throws {StartupError} when it can't take that.
 */
export function stepPort(name: string, step: StepJson, link: Link, port: Port): Port {
  const where = `nodes.${name}`;
  const takes = TAKES[step.step];
  const { type, each } = port;
  if (!takes.includes(type.kind)) {
    const wanted = takes.map((kind) =>
      kind === "image" ? "an image" : kind === "tensor" ? "a tensor" : kind,
    );
    refuse(
      `${where}.from: ${step.step} takes ${wanted.join(" or ")}, "${link.text}" gives ${describePort(port)}`,
    );
  }
  switch (step.step) {
    case "crop":
      if (each !== undefined)
        refuse(`${where}.from: crops of crops are not cut: "${link.text}" is ${describePort(port)}`);
      return { type: { kind: "image" }, each: name };
    case "resize":
      return { type: { kind: "image" }, each };
    case "threshold":
      return { type: thresholdType(where, step, type), each };
    case "argmax":
      return { type: argmaxType(where, step, type), each };
  }
}

function thresholdType(
  where: string,
  { labels, at_least }: Extract<StepJson, { readonly step: "threshold" }>,
  type: PortType,
): PortType {
  if (type.kind === "tensor") {
    if (labels !== undefined) refuse(`${where}.labels: only boxes have labels`);
    if (type.dtype === "string") refuse(`${where}.from: threshold takes numbers, not strings`);
    return { kind: "tensor", dtype: "uint8", shape: type.shape };
  }
  if (at_least < 0 || at_least > 1) refuse(`${where}.at_least: a score is 0 to 1, not ${at_least}`);
  const known = type.kind === "boxes" ? type.labels : undefined;
  const unknown = known === undefined ? undefined : labels?.find((label) => !known.includes(label));
  if (unknown !== undefined) refuse(`${where}.labels: the detector has no label "${unknown}"`);
  return type;
}

function argmaxType(
  where: string,
  { axis = 0 }: Extract<StepJson, { readonly step: "argmax" }>,
  type: PortType,
): PortType {
  const { dtype, shape } = type.kind === "tensor" ? type : { dtype: "string", shape: [] };
  if (dtype === "string") refuse(`${where}.from: argmax takes numbers, not strings`);
  if (axis >= shape.length) {
    refuse(`${where}.axis: ${describePort({ type })} has no axis ${axis}; the first is 0, without the batch`);
  }
  return { kind: "tensor", dtype: "int64", shape: shape.filter((_, i) => i !== axis) };
}
