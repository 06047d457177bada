import type { Value } from "../tensor/value.ts";

/** A model or a step, and where each of its inputs comes from. */
export interface DagNode {
  readonly name: string;
  /** By input: a node and one of its outputs; a node without an output is the request's payload. */
  readonly inputs: Readonly<Record<string, { readonly node: string; readonly output?: string | undefined }>>;
  readonly outputs: readonly string[];
}

export interface Dag {
  readonly nodes: readonly DagNode[];
  /** Name in the result: a node and its output. */
  readonly results: Readonly<Record<string, { readonly node: string; readonly output: string }>>;
}

/**
 * Returns the graph of a route, as Flash Serve's `/<route>/dag_json` has it.
 *
 * @see Lightning-Universe/lightning-flash `src/flash/core/serve/execution.py` MergedJSON
 */
export function flashRouteDag(route: string, { nodes, results }: Dag): Value {
  const edges: [task: string, from: string][] = [];
  const payload: [name: string, task: string][] = [];
  for (const node of nodes) {
    const inputs = Object.entries(node.inputs).map(([input, source]) => {
      const task = `${node.name}.inputs.${input}`;
      if (source.output === undefined) {
        edges.push([task, `${task}.serial`], [`${task}.serial`, source.node]);
        payload.push([source.node, `${task}.serial`]);
      } else {
        edges.push([task, `${source.node}.outputs.${source.output}`]);
      }
      return task;
    });
    for (const output of node.outputs) {
      for (const input of inputs) edges.push([`${node.name}.outputs.${output}`, input]);
    }
  }
  const ends = Object.entries(results).map(
    ([name, { node, output }]) => [name, `${node}.outputs.${output}.serial`] as const,
  );
  return {
    dependencies: grouped(edges),
    dependents: grouped(edges.map(([task, from]) => [from, task])),
    funcnames: Object.fromEntries(nodes.map(({ name }) => [name, [name]])),
    connections: connectionsOf(nodes),
    endpoint: {
      name: `${route}_ENDPOINT`,
      route: `/${route}`,
      payload_key_dsk_task: Object.fromEntries(payload),
      result_key_dsk_task: Object.fromEntries(ends),
    },
  };
}

/**
 * Returns the graph of each component, as Flash Serve's `/flashserve/dag_json` has it.
 *
 * @see Lightning-Universe/lightning-flash `src/flash/core/serve/execution.py` ComponentJSON
 */
export function flashComponents({ nodes }: Dag): Value {
  const each = (show: (node: DagNode) => Value) =>
    Object.fromEntries(nodes.map((node) => [node.name, show(node)]));
  const edgesOf = ({ name, inputs, outputs }: DagNode): [string, string][] =>
    outputs.flatMap((output) =>
      Object.keys(inputs).map((input): [string, string] => [
        `${name}.outputs.${output}`,
        `${name}.inputs.${input}`,
      ]),
    );
  return {
    component_dependencies: each((node) => grouped(edgesOf(node))),
    component_dependents: each((node) => grouped(edgesOf(node).map(([task, from]) => [from, task]))),
    component_funcnames: each((node) =>
      Object.fromEntries(node.outputs.map((output) => [`${node.name}.outputs.${output}`, [node.name]])),
    ),
    connections: connectionsOf(nodes),
  };
}

function connectionsOf(nodes: readonly DagNode[]): Value {
  return nodes.flatMap(({ name, inputs }) =>
    Object.entries(inputs).flatMap(([input, { node, output }]) =>
      output === undefined
        ? []
        : [{ source_component: node, source_key: output, target_component: name, target_key: input }],
    ),
  );
}

function grouped(
  pairs: readonly (readonly [key: string, value: string])[],
): Readonly<Record<string, string[]>> {
  const groups: Record<string, string[]> = {};
  for (const [key, value] of pairs) groups[key] = [...new Set([...(groups[key] ?? []), value])];
  return groups;
}
