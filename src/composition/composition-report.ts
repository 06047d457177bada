import { describePort } from "./port.ts";
import type { TypedComposition, TypedNode } from "./type-composition.ts";

/** Returns what a reader asks of linked models: a line for each node and each output. */
export function compositionReport({ nodes, outputs }: TypedComposition): string {
  const ends = Object.entries(outputs).map(
    ([name, { link, port }]) => `  ${name.padEnd(14)}  ${link.text}: ${describePort(port)}`,
  );
  const lines = ["Composition", ...nodes.map(describeNode), "", "Answer", ...ends];
  return `\n${lines.join("\n")}\n`;
}

function describeNode(node: TypedNode): string {
  const what = node.kind === "model" ? `model ${node.model}` : node.step.step;
  const each = node.each === undefined ? "" : `, for each crop of ${node.each}`;
  return `  ${node.name.padEnd(14)}  ${what}${each}   <- ${sources(node)}`;
}

function sources(node: TypedNode): string {
  if (node.kind === "step") return node.link.text;
  if (node.takes.kind === "image") return node.takes.link.text;
  return Object.entries(node.takes.links)
    .map(([input, { text }]) => `${input}: ${text}`)
    .join(", ");
}
