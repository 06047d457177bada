import { excerpt } from "../errors.ts";
import type { ModelNodeJson, StepJson } from "../model/composition-json.ts";
import type { Servable } from "../servable.ts";
import type { SignatureName } from "../signature/head.ts";
import type { TensorSpec } from "../tensor/tensor.ts";
import { modelPort, portNames } from "./model-ports.ts";
import { type CompositionPlan, type Link, type PlannedNode, refuse, SOURCE } from "./plan-composition.ts";
import { describePort, type Port } from "./port.ts";
import { stepPort } from "./step-port.ts";

/** What is known of a model that is a part of a composition. */
export type PartModel = Pick<Servable, "head" | "info" | "modelInputs" | "batching" | "preprocess">;

/** A node whose links are known to fit. */
export type TypedNode = TypedModelNode | TypedStepNode;

export interface TypedModelNode {
  readonly kind: "model";
  readonly name: string;
  /** Path of its folder, as it was written. */
  readonly model: string;
  /** The image that it is shown, or a tensor for each of its inputs. */
  readonly takes:
    | { readonly kind: "image"; readonly link: Link }
    | { readonly kind: "row"; readonly links: Readonly<Record<string, Link>> };
  /** It runs for each crop of this node, not once for each image. */
  readonly each?: string | undefined;
  /** What others take of it. */
  readonly signatures: readonly SignatureName[];
  /** Its boxes are cut from the image that it was shown. */
  readonly keepsPixels: boolean;
}

export interface TypedStepNode {
  readonly kind: "step";
  readonly name: string;
  readonly step: StepJson;
  readonly link: Link;
  /** There is one input for each crop of this node. */
  readonly each?: string | undefined;
}

export interface TypedComposition {
  /** Each stands behind all that it takes from. */
  readonly nodes: readonly TypedNode[];
  readonly outputs: Readonly<Record<string, { readonly link: Link; readonly port: Port }>>;
}

/**
 * Returns a composition whose links are known to fit.
 *
 * @param models by the path of their folder
 * @throws {StartupError} when a port does not exist or does not fit where it is linked to; one line that names both.
 */
export function typeComposition(
  plan: CompositionPlan,
  models: ReadonlyMap<string, PartModel>,
): TypedComposition {
  const typed = new Map<string, TypedNode>();
  const stepPorts = new Map<string, Port>();
  const find = (link: Link, where: string): Port => {
    if (link.node === SOURCE) return { type: { kind: "image" } };
    const node = typed.get(link.node);
    if (node?.kind === "model") return portOfModel(node, modelOf(models, node.model), link, where);
    const port = stepPorts.get(link.node);
    if (port !== undefined && link.port === undefined) return port;
    return refuse(
      `${where}: step ${link.node} has one port: write "${link.node}", not "${excerpt(link.text)}"`,
    );
  };
  const taken = plan.nodes.flatMap(({ links }) => Object.values(links));
  const links = [...taken, ...Object.values(plan.outputs)];
  for (const node of plan.nodes) {
    const { name, json } = node;
    if ("model" in json) {
      typed.set(name, typeModel({ ...node, json }, modelOf(models, json.model), find, { plan, links }));
      continue;
    }
    const link = node.links[""] as Link;
    const port = find(link, `nodes.${name}.from`);
    stepPorts.set(name, stepPort(name, json, link, port));
    typed.set(name, { kind: "step", name, step: json, link, each: port.each });
  }
  const outputs = Object.entries(plan.outputs).map(([name, link]) => {
    const port = find(link, `outputs.${name}`);
    if (port.type.kind === "image") refuse(`outputs.${name}: "${link.text}" is an image, which is no answer`);
    return [name, { link, port }] as const;
  });
  return { nodes: [...typed.values()], outputs: Object.fromEntries(outputs) };
}

type FindPort = (link: Link, where: string) => Port;

function typeModel(
  { name, json, links }: PlannedNode & { readonly json: ModelNodeJson },
  model: PartModel,
  find: FindPort,
  all: { readonly plan: CompositionPlan; readonly links: readonly Link[] },
): TypedModelNode {
  const base = {
    kind: "model" as const,
    name,
    model: json.model,
    signatures: signaturesTaken(name, model, all.links),
    keepsPixels: isCut(name, all.plan),
  };
  const { imageInput, inputs, batching } = model.modelInputs;
  const own = imageInput === undefined ? inputs : inputs.filter((input) => input.name === imageInput);
  const given = nameInputs(name, links, own);
  const ports = own.map((spec) => {
    const link = given[spec.name] as Link;
    const where = `nodes.${name}.from`;
    const port = find(link, where);
    requireFit(where, link, port, imageInput === undefined ? spec : undefined);
    return port;
  });
  if (imageInput === undefined && batching !== "rows") {
    refuse(`nodes.${name}: ${json.model} has no batch axis, so it can't take rows: export it with one`);
  }
  const [each, ...others] = ports.map((port) => port.each);
  if (others.some((other) => other !== each)) {
    refuse(`nodes.${name}.from: its inputs must all be one for each image, or one for each crop of one node`);
  }
  const link = given[imageInput ?? ""];
  const takes =
    link === undefined ? { kind: "row" as const, links: given } : { kind: "image" as const, link };
  return { ...base, takes, each };
}

/** Returns the link of each input; one without a name is that of the only input. */
function nameInputs(
  name: string,
  links: PlannedNode["links"],
  inputs: readonly TensorSpec[],
): Readonly<Record<string, Link>> {
  const names = inputs.map((input) => input.name);
  const [first] = names;
  const only = links[""];
  if (only !== undefined && names.length === 1 && first !== undefined) return { [first]: only };
  const stray = Object.keys(links).find((input) => !names.includes(input));
  const missing = names.find((input) => !Object.hasOwn(links, input));
  if (stray === undefined && missing === undefined) return links;
  if (only !== undefined) return refuse(`nodes.${name}.from: name a port for each of ${names.join(", ")}`);
  const problem = stray === undefined ? `"${missing}" is missing` : `there is no input "${excerpt(stray)}"`;
  return refuse(`nodes.${name}.from: ${problem}; the model takes ${names.join(", ")}`);
}

/** @param spec absent where an image is taken */
function requireFit(where: string, link: Link, port: Port, spec: TensorSpec | undefined): void {
  const { type } = port;
  if (spec === undefined) {
    if (type.kind === "image") return;
    refuse(`${where}: the model takes an image, "${link.text}" gives ${describePort(port)}`);
  }
  const row = spec.shape.slice(1);
  const fits =
    type.kind === "tensor" &&
    type.dtype === spec.dtype &&
    type.shape.length === row.length &&
    row.every((size, axis) => sizesFit(size, type.shape[axis]));
  if (fits) return;
  const takes = describePort({ type: { kind: "tensor", dtype: spec.dtype, shape: row } });
  refuse(`${where}: input ${spec.name} takes ${takes}, "${link.text}" gives ${describePort(port)}`);
}

function sizesFit(wanted: number | string, given: number | string | undefined): boolean {
  return typeof wanted !== "number" || typeof given !== "number" || wanted === given;
}

function portOfModel(node: TypedModelNode, model: PartModel, link: Link, where: string): Port {
  const names = portNames(model).join(", ");
  if (link.port === undefined)
    refuse(`${where}: ${node.name} gives ${names}: write "${node.name}.<one of them>"`);
  const port = modelPort(model, link.port);
  if (port === undefined) {
    return refuse(`${where}: ${node.name} gives no "${excerpt(link.port)}", but ${names}`);
  }
  return { ...port, each: node.each };
}

function signaturesTaken(name: string, model: PartModel, links: readonly Link[]): readonly SignatureName[] {
  const own = links.filter((link) => link.node === name);
  const signatures = own.map(({ port }) =>
    port === undefined ? undefined : modelPort(model, port)?.signature,
  );
  return [...new Set(signatures.filter((signature) => signature !== undefined))];
}

/** Whether a crop takes the boxes that a node gives, through whatever steps. */
function isCut(name: string, { nodes }: CompositionPlan): boolean {
  return nodes.some(
    ({ name: taker, json, links }) =>
      "step" in json &&
      Object.values(links).some(({ node }) => node === name) &&
      (json.step === "crop" || isCut(taker, { nodes, outputs: {} })),
  );
}

function modelOf(models: ReadonlyMap<string, PartModel>, path: string): PartModel {
  return models.get(path) ?? refuse(`model ${path} was not loaded; this is a bug`);
}
