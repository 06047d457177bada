/** A JSON text as a tree that can also be no JSON: names may repeat, and a token is any text. */
export type JsonTree =
  | { readonly kind: "list"; readonly items: readonly JsonTree[] }
  | { readonly kind: "object"; readonly members: readonly JsonMember[] }
  | { readonly kind: "token"; readonly text: string };

export type JsonMember = readonly [name: string, value: JsonTree];

/** Returns the tree of a value that `JSON.stringify` takes. */
export function treeOf(value: unknown): JsonTree {
  if (Array.isArray(value)) return { kind: "list", items: value.map(treeOf) };
  if (typeof value !== "object" || value === null) return { kind: "token", text: JSON.stringify(value) };
  return { kind: "object", members: Object.entries(value).map(([name, member]) => [name, treeOf(member)]) };
}

/** Returns the text of a tree, as short as it can be. */
export function textOf(tree: JsonTree): string {
  if (tree.kind === "token") return tree.text;
  if (tree.kind === "list") return `[${tree.items.map(textOf).join(",")}]`;
  return `{${tree.members.map(([name, value]) => `${JSON.stringify(name)}:${textOf(value)}`).join(",")}}`;
}

/** The number of nodes of a tree: it, and all below it. */
export function sizeOf(tree: JsonTree): number {
  return childrenOf(tree).reduce((sum, child) => sum + sizeOf(child), 1);
}

/** What may stand in the place of a member or an item: nothing, it, or several. */
export type Replace = (name: string, value: JsonTree) => readonly JsonMember[];

/** Returns the tree with its node `at` replaced, counted from 0 in the order of the text. */
export function replaceAt(tree: JsonTree, at: number, replace: Replace): JsonTree {
  if (at === 0) return replace("", tree)[0]?.[1] ?? { kind: "token", text: "" };
  let start = 1;
  const inside = (name: string, child: JsonTree): readonly JsonMember[] => {
    const index = at - start;
    start += sizeOf(child);
    if (index === 0) return replace(name, child);
    return [[name, index > 0 && at < start ? replaceAt(child, index, replace) : child]];
  };
  if (tree.kind === "object") {
    return { kind: "object", members: tree.members.flatMap(([name, child]) => inside(name, child)) };
  }
  if (tree.kind === "token") return tree;
  return { kind: "list", items: tree.items.flatMap((child) => inside("", child).map(([, value]) => value)) };
}

function childrenOf(tree: JsonTree): readonly JsonTree[] {
  if (tree.kind === "token") return [];
  return tree.kind === "list" ? tree.items : tree.members.map(([, value]) => value);
}
