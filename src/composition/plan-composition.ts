import { excerpt, StartupError } from "../errors.ts";
import type { CompositionJson, NodeJson } from "../model/composition-json.ts";

/** The node that stands for the request's image. */
export const SOURCE = "image";

/** Where a value comes from. */
export interface Link {
  readonly node: string;
  /** What stands behind the first dot; a step has one port, which is not named. */
  readonly port?: string;
  /** As it was written. */
  readonly text: string;
}

export interface PlannedNode {
  readonly name: string;
  readonly json: NodeJson;
  /** By input; a single one may be unnamed, "". */
  readonly links: Readonly<Record<string, Link>>;
}

export interface CompositionPlan {
  /** Each stands behind all that it takes from. */
  readonly nodes: readonly PlannedNode[];
  readonly outputs: Readonly<Record<string, Link>>;
}

/**
 * Returns the nodes of a composition in an order in which they can run. Whether the ports exist, and fit, is seen when
 * the models are loaded.
 *
 * @throws {StartupError} when a link names no node, links go round in a circle, or a node is of no use; one line.
 */
export function planComposition({ nodes, outputs }: CompositionJson): CompositionPlan {
  if (Object.hasOwn(nodes, SOURCE)) {
    refuse(`nodes.${SOURCE}: "${SOURCE}" is the request's image: give the node another name`);
  }
  if (Object.keys(outputs).length === 0) refuse("outputs: name at least one");
  const planned = new Map(
    Object.entries(nodes).map(([name, json]): [string, PlannedNode] => [
      name,
      { name, json, links: linksOf(json) },
    ]),
  );
  const ends = Object.fromEntries(Object.entries(outputs).map(([name, text]) => [name, toLink(text)]));
  for (const { name, links } of planned.values()) {
    for (const [input, link] of Object.entries(links)) {
      requireNode(planned, link, input === "" ? `nodes.${name}.from` : `nodes.${name}.from.${input}`);
    }
  }
  for (const [name, link] of Object.entries(ends)) requireNode(planned, link, `outputs.${name}`);
  const ordered = inOrder(planned);
  requireUse(ordered, Object.values(ends));
  return { nodes: ordered, outputs: ends };
}

/** @throws {StartupError} with the file's name in front. */
export function refuse(sentence: string): never {
  throw new StartupError(`serving.json: ${sentence}`);
}

function linksOf({ from }: NodeJson): Readonly<Record<string, Link>> {
  if (typeof from === "string") return { "": toLink(from) };
  return Object.fromEntries(Object.entries(from).map(([input, text]) => [input, toLink(text)]));
}

function toLink(text: string): Link {
  const dot = text.indexOf(".");
  return dot < 0 ? { node: text, text } : { node: text.slice(0, dot), port: text.slice(dot + 1), text };
}

function requireNode(nodes: ReadonlyMap<string, PlannedNode>, { node, port }: Link, where: string): void {
  if (node === SOURCE && port === undefined) return;
  if (nodes.has(node)) return;
  const known = [SOURCE, ...nodes.keys()].join(", ");
  refuse(`${where}: there is no node "${excerpt(node)}"; there are ${known}`);
}

/** A depth-first walk: a node that is met again on its own way is in a circle. */
function inOrder(nodes: ReadonlyMap<string, PlannedNode>): PlannedNode[] {
  const ordered = new Set<PlannedNode>();
  const visit = (name: string, way: readonly string[]): void => {
    const node = nodes.get(name);
    if (node === undefined || ordered.has(node)) return;
    const at = way.indexOf(name);
    if (at >= 0) refuse(`nodes: the links go round in a circle: ${[...way.slice(at), name].join(" <- ")}`);
    for (const link of Object.values(node.links)) visit(link.node, [...way, name]);
    ordered.add(node);
  };
  for (const name of nodes.keys()) visit(name, []);
  return [...ordered];
}

/** A node whose result nobody takes is a slip, not a wish. */
function requireUse(nodes: readonly PlannedNode[], ends: readonly Link[]): void {
  const used = new Set(
    [...nodes.flatMap(({ links }) => Object.values(links)), ...ends].map(({ node }) => node),
  );
  const stray = nodes.find(({ name }) => !used.has(name));
  if (stray !== undefined) {
    refuse(
      `nodes.${stray.name}: nothing takes what it gives: link it to a node or an output, or leave it out`,
    );
  }
}
