import type { Dag, DagNode } from "../protocol/flash-dag.ts";
import { inputNames } from "../protocol/flash-schema.ts";
import type { Servable } from "../servable.ts";

/** What a step gives has no name of its own. */
const ONLY = "output";

/** Returns the graph of a served model: one node, or those of a composition. */
export function describeDag({ name, head, modelInputs, composition }: Servable): Dag {
  if (composition === undefined) {
    const outputs = head.task === "detection" ? ["boxes", "labels", "scores"] : ["outputs"];
    const inputs = Object.fromEntries(inputNames(modelInputs).map((input) => [input, { node: input }]));
    const results = outputs.map((output) => [output, { node: name, output }] as const);
    return { nodes: [{ name, inputs, outputs }], results: Object.fromEntries(results) };
  }
  const { nodes, outputs } = composition;
  const links = [
    ...nodes.flatMap((node) => Object.values(linksOf(node))),
    ...Object.values(outputs).map(({ link }) => link),
  ];
  const shown = nodes.map((node): DagNode => {
    const taken = links.filter((link) => link.node === node.name).map(({ port = ONLY }) => port);
    const inputs = Object.entries(linksOf(node)).map(([input, { node: from, port }]) => {
      return [input, from === "image" ? { node: "inputs" } : { node: from, output: port ?? ONLY }] as const;
    });
    return { name: node.name, inputs: Object.fromEntries(inputs), outputs: [...new Set(taken)] };
  });
  const results = Object.entries(outputs).map(
    ([output, { link }]) => [output, { node: link.node, output: link.port ?? ONLY }] as const,
  );
  return { nodes: shown, results: Object.fromEntries(results) };
}

type Node = NonNullable<Servable["composition"]>["nodes"][number];
type Links = Readonly<Record<string, { readonly node: string; readonly port?: string }>>;

function linksOf(node: Node): Links {
  if (node.kind === "step") return { input: node.link };
  return node.takes.kind === "image" ? { image: node.takes.link } : node.takes.links;
}
