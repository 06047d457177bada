import { z } from "zod";
import { CV2_FILTERS, FILTERS, type Filter } from "../image/preprocess-spec.ts";

/** What `serving.json` of a composed model says; docs/serving-json.md explains each key. */
export interface CompositionJson {
  /** In any order. */
  readonly nodes: Readonly<Record<string, NodeJson>>;
  /** Names in the answer, and the ports that they show. */
  readonly outputs: Readonly<Record<string, string>>;
}

export type NodeJson = ModelNodeJson | StepJson;

/** A model in a folder of its own. */
export interface ModelNodeJson {
  /** Path of the folder, inside the composed model's. */
  readonly model: string;
  /** A port, or one for each input. */
  readonly from: string | Readonly<Record<string, string>>;
}

/** What the server does by itself with what a port gives. */
export type StepJson =
  | { readonly step: "crop"; readonly from: string; readonly margin?: number | undefined }
  | {
      readonly step: "resize";
      readonly from: string;
      readonly height: number;
      readonly width: number;
      readonly filter?: Filter | undefined;
    }
  | {
      readonly step: "threshold";
      readonly from: string;
      readonly at_least: number;
      readonly labels?: readonly string[] | undefined;
    }
  | { readonly step: "argmax"; readonly from: string; readonly axis?: number | undefined };

/** A node is named in ports, before the first dot. */
const nodeName = z.string().regex(/^[A-Za-z_][\w-]{0,63}$/, "a node's name is letters, digits, _ and -");
const edge = z.int().min(1).max(4096);
const from = z.string().min(1);

const step = z.discriminatedUnion("step", [
  z.strictObject({ step: z.literal("crop"), from, margin: z.number().min(0).max(10).optional() }),
  z.strictObject({
    step: z.literal("resize"),
    from,
    height: edge,
    width: edge,
    filter: z.enum([...FILTERS, ...CV2_FILTERS]).optional(),
  }),
  z.strictObject({
    step: z.literal("threshold"),
    from,
    at_least: z.number(),
    labels: z.array(z.string()).min(1).optional(),
  }),
  z.strictObject({ step: z.literal("argmax"), from, axis: z.int().min(0).max(8).optional() }),
]);

const model = z.strictObject({
  model: z.string().min(1),
  from: z.union([from, z.record(z.string(), from)]),
});

/** The schema of {@link CompositionJson}; a key that it does not hold is refused. */
export const compositionJsonSchema: z.ZodType<CompositionJson> = z.strictObject({
  nodes: z.record(nodeName, z.union([model, step])),
  outputs: z.record(z.string().min(1), z.string().min(1)),
});
