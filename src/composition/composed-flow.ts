import type { FairPermits } from "../batching/fair-permits.ts";
import { ServingError } from "../errors.ts";
import type { ImagePool } from "../image-workers/image-pool.ts";
import type { EncodedImage } from "../image-workers/image-task.ts";
import type { PredictOptions, Predictor } from "../predictor.ts";
import type { PartInput, PartOutput, RequestFlow } from "../request-flow.ts";
import type { LoadedModel } from "../serving/model-directory.ts";
import { readParameters } from "../signature/parameters.ts";
import { isTensor, type Tensors } from "../tensor/tensor.ts";
import type { Value } from "../tensor/value.ts";
import { decodedBytes } from "./decoded-bytes.ts";
import type { FanOut } from "./fan-out.ts";
import { type FoundBox, type NodeResult, type PortValue, toAnswer } from "./node-value.ts";
import type { PixelBudget } from "./pixel-budget.ts";
import { type Link, SOURCE } from "./plan-composition.ts";
import { cropBoxes, requireKind, runStep } from "./run-step.ts";
import type { TypedComposition, TypedModelNode, TypedNode, TypedStepNode } from "./type-composition.ts";

/** A loaded model that is a part of a composition. */
export type LoadedPart = LoadedModel & { readonly predictor: Pick<Predictor, "open"> };

/** What all requests share. */
export interface ComposedParts {
  readonly composition: TypedComposition;
  /** By the path of their folder. */
  readonly models: ReadonlyMap<string, LoadedPart>;
  /** By the name of the crop node. */
  readonly fanOuts: ReadonlyMap<string, FanOut>;
  readonly imagePool: Pick<ImagePool, "tensorStep">;
  /** Bounds the images in work. */
  readonly imagePermits: FairPermits;
  readonly pixelBudget: PixelBudget;
  readonly maxImagePixels: number;
}

/** What ended one image; the request's others go on. */
class ImageFailed extends Error {
  readonly error: ServingError;

  constructor(error: ServingError) {
    super(error.message);
    this.error = error;
  }
}

/** One result, or one for each crop. */
type Result = NodeResult | readonly NodeResult[];

/** The way of one request's images through the nodes. Each model is asked as one request, whatever the crops are. */
export class ComposedFlow {
  readonly #parts: ComposedParts;
  readonly #options: PredictOptions;
  readonly #flows = new Map<string, RequestFlow>();

  constructor(parts: ComposedParts, options: PredictOptions) {
    this.#parts = parts;
    this.#options = options;
    const { signal } = options;
    signal.addEventListener("abort", () => parts.imagePermits.cancel(this, signal.reason), { once: true });
  }

  /**
   * Returns the answer to one image, or the error that is its own.
   *
   * @throws {ServingError} what fails the whole request.
   */
  async answer(
    image: EncodedImage,
  ): Promise<{ readonly value: Readonly<Record<string, Value>> } | { readonly error: ServingError }> {
    const { imagePermits, pixelBudget, maxImagePixels, composition } = this.#parts;
    const permit = await imagePermits.acquire(this);
    try {
      const keeps = composition.nodes.some((node) => node.kind === "model" && node.keepsPixels);
      const bytes = keeps ? decodedBytes(image, maxImagePixels) : 0;
      const release = await pixelBudget.hold(bytes, this.#options.signal);
      try {
        return { value: await this.#run(image) };
      } finally {
        release();
      }
    } catch (error) {
      if (error instanceof ImageFailed) return { error: error.error };
      throw error;
    } finally {
      imagePermits.release(permit);
    }
  }

  async #run(image: EncodedImage): Promise<Readonly<Record<string, Value>>> {
    const { nodes, outputs } = this.#parts.composition;
    const source: NodeResult = () => ({ kind: "image", image });
    const results = new Map<string, Promise<Result>>([[SOURCE, Promise.resolve(source)]]);
    // Those that it takes from stand before it.
    const find = ({ node }: Link) => results.get(node) ?? Promise.reject(new Error(`no node ${node}`));
    for (const node of nodes) results.set(node.name, this.#runNode(node, find));
    // Of all, so that none fails without being seen.
    await Promise.all(results.values());
    const ends = Object.entries(outputs).map(async ([name, { link }]) => {
      const result = await find(link);
      const show = (one: NodeResult) => toAnswer(one(link.port ?? ""));
      return [name, isEach(result) ? result.map(show) : show(result)] as const;
    });
    return Object.fromEntries(await Promise.all(ends));
  }

  #runNode(node: TypedNode, find: (link: Link) => Promise<Result>): Promise<Result> {
    return node.kind === "model" ? this.#runModel(node, find) : this.#runStep(node, find);
  }

  async #runStep(
    { name, step, link }: TypedStepNode,
    find: (link: Link) => Promise<Result>,
  ): Promise<Result> {
    const given = await find(link);
    const port = link.port ?? "";
    if (step.step === "crop") {
      if (isEach(given)) throw new ServingError("INTERNAL", "crops of crops; this is a bug");
      const crops = cropBoxes(requireKind(given(port), "boxes"), step.margin ?? 0);
      this.#parts.fanOuts.get(name)?.add(crops.length);
      return crops.map((image) => () => ({ kind: "image", image }));
    }
    const one = async (result: NodeResult): Promise<NodeResult> => {
      const value = await runStep(step, result(port), this.#parts.imagePool);
      return () => value;
    };
    return isEach(given) ? Promise.all(given.map(one)) : one(given);
  }

  async #runModel(node: TypedModelNode, find: (link: Link) => Promise<Result>): Promise<Result> {
    const { takes, each } = node;
    const links = takes.kind === "image" ? { "": takes.link } : takes.links;
    const given = await Promise.all(
      Object.entries(links).map(async ([input, link]) => [input, link, await find(link)] as const),
    );
    const inputAt = (index: number): PartInput => {
      const values = given.map(([input, link, result]) => {
        const one = isEach(result) ? result[index] : result;
        if (one === undefined) throw new ServingError("INTERNAL", "inputs of two lengths; this is a bug");
        return [input, one(link.port ?? "")] as const;
      });
      return toPartInput(node, values);
    };
    if (each === undefined) return this.#runOne(node, inputAt(0));
    const [, , first] = given[0] ?? [];
    const count = first !== undefined && isEach(first) ? first.length : 0;
    return this.#runEach(
      node,
      Array.from({ length: count }, (_, i) => inputAt(i)),
    );
  }

  /** The crops' rows were not known when the request was accepted: they enter the model's backlog now. */
  async #runEach(node: TypedModelNode, inputs: readonly PartInput[]): Promise<NodeResult[]> {
    if (inputs.length === 0) return [];
    const { forecast } = this.#modelOf(node);
    const entry = forecast.enter({ rows: inputs.length, deadlineMs: this.#options.deadlineMs });
    try {
      return await Promise.all(
        inputs.map((input) => this.#runOne(node, input).finally(() => entry.rowEnded())),
      );
    } finally {
      entry.leave();
    }
  }

  async #runOne(node: TypedModelNode, input: PartInput): Promise<NodeResult> {
    const output = await this.#flowOf(node).runPart(input, node.signatures);
    if ("error" in output) throw new ImageFailed(output.error);
    const image = input.kind === "image" ? input.image : undefined;
    return (port) => toPort(port, output, image);
  }

  #modelOf({ model }: TypedModelNode): LoadedPart {
    const part = this.#parts.models.get(model);
    if (part !== undefined) return part;
    throw new ServingError("INTERNAL", `no model ${model} was loaded; this is a bug`);
  }

  #flowOf(node: TypedModelNode): RequestFlow {
    const open = this.#flows.get(node.model);
    if (open !== undefined) return open;
    const { predictor, servable } = this.#modelOf(node);
    const flow = predictor.open({
      ...this.#options,
      signature: "serving_default",
      parameters: readParameters({}, servable.head),
      rowEnded: () => {},
    });
    this.#flows.set(node.model, flow);
    return flow;
  }
}

function isEach(result: Result): result is readonly NodeResult[] {
  return Array.isArray(result);
}

function toPartInput(
  { takes, keepsPixels }: TypedModelNode,
  values: readonly (readonly [input: string, value: PortValue])[],
): PartInput {
  if (takes.kind === "row") {
    const row = values.map(([input, value]) => [input, toTensor(value)] as const);
    return { kind: "row", row: Object.fromEntries(row) satisfies Tensors };
  }
  const [, value] = values[0] ?? [];
  if (value === undefined) throw new ServingError("INTERNAL", "a model without an input; this is a bug");
  const { image } = requireKind(value, "image");
  return {
    kind: "image",
    image: keepsPixels && image.decoded === undefined ? { ...image, keepsPixels } : image,
  };
}

function toTensor(given: PortValue): Tensors[string] {
  const { value } = requireKind(given, "value");
  // A session takes its rows over, and others may take this tensor, too, which stands in its batch's memory.
  if (isTensor(value)) return { ...value, data: value.data.slice() };
  throw new ServingError("INTERNAL", "an input got no tensor; this is a bug");
}

function toPort(
  port: string,
  { outputs, rendered, source, pixels }: PartOutput,
  image?: EncodedImage,
): PortValue {
  const value = rendered[port as keyof typeof rendered];
  if (port === "boxes" && value !== undefined && image !== undefined && source !== undefined) {
    return {
      kind: "boxes",
      boxes: value as unknown as FoundBox[],
      image: decodedImage(image, pixels),
      size: source,
    };
  }
  return { kind: "value", value: value ?? outputs[port] ?? null };
}

/** The image as its crops are cut from it: decoded, if it was. */
function decodedImage(
  { slot: _slot, keepsPixels: _keeps, ...image }: EncodedImage,
  pixels: PartOutput["pixels"],
): EncodedImage {
  if (pixels === undefined) return image;
  const { data, ...decoded } = pixels;
  return { ...image, bytes: data, decoded };
}
