import fc from "fast-check";
import { applyByteEdits, type ByteEdit, byteEdit } from "./byte-edits.ts";
import { type JsonMember, type JsonTree, replaceAt, sizeOf } from "./json-tree.ts";

/** One change to a JSON text. The place is taken modulo the number of nodes. */
export interface JsonEdit {
  readonly at: number;
  readonly change: Change;
}

type Change =
  | { readonly kind: "replace"; readonly text: string }
  | { readonly kind: "remove" }
  | { readonly kind: "repeat"; readonly times: number }
  | { readonly kind: "rename"; readonly name: string }
  | { readonly kind: "add"; readonly name: string; readonly text: string }
  | { readonly kind: "nest"; readonly depth: number; readonly inObjects: boolean }
  | { readonly kind: "damage"; readonly edits: readonly ByteEdit[] };

/** Tokens and small texts that readers of JSON, numbers, base64 or shapes go wrong on. */
const ODD_TEXTS: readonly string[] = [
  ...["null", "true", "false", "{}", "[]", "[[]]", "[{}]", "", " ", "\t", "nul", "undefined", "'x'", "/**/1"],
  ...[
    "0",
    "-0",
    "1",
    "-1",
    "1.5",
    "1e3",
    "1e-400",
    "1e999",
    "-1e999",
    "NaN",
    "Infinity",
    "-Infinity",
    "01",
    "+1",
  ],
  ...[
    "255",
    "256",
    "65536",
    "2147483648",
    "4294967296",
    "9007199254740993",
    "18446744073709551616",
    "3.5e38",
  ],
  "1".repeat(400),
  `0.${"1".repeat(400)}`,
  ...['""', '" "', '"a"', '"="', '"===="', '"AAAA"', '"AAA"', '"AA=="', '"A-_/"', '"\\u0000"', '"\\ud800"'],
  ...[
    '"\\udc00\\ud800"',
    '"\\ufeff"',
    '"\\u2028"',
    '"💥"',
    '"__proto__"',
    '"data:image/png;base64,"',
    '"data:,"',
  ],
  ...["\"b'aGk='\"", '"uint8"', '"float64"', '">u2"', '"HWC"', '"CHW"', '"serving_default"', '"mask_png"'],
  JSON.stringify("x".repeat(300)),
  JSON.stringify("é".repeat(300)),
  JSON.stringify("ffd8ffe0".repeat(10)),
  ...['{"__proto__":{"polluted":1}}', '{"constructor":{"prototype":{"polluted":1}}}', '{"toString":1}'],
  ...['{"b64":""}', '{"b64":null}', '{"b64":"AAAA","b64":"//8="}', '{"b64":"AAAA","shape":[1,1,3]}'],
  ...[
    '{"b64":"AAAA","shape":[1e9,1e9,3]}',
    '{"b64":"","shape":[0,0,0],"dtype":"uint8"}',
    '{"b64":"AAAA","key":[]}',
  ],
  ...['{"type":"Buffer","data":[1,2]}', "[1,2,3]", "[[1,2],[3]]", "[1,[2]]", '["a",1]', "[[[[[[1]]]]]]"],
  ...['{"url":"http://169.254.169.254/"}', '{"image_bytes":"file:///etc/passwd"}'],
];

/** Names that mean something to a server, to JavaScript, or to nobody. */
const ODD_NAMES: readonly string[] = [
  ...["instances", "inputs", "image_bytes", "b64", "key", "shape", "dtype", "layout", "signature_name"],
  ...["parameters", "k", "score_threshold", "a", "b", "x", "input", "image", "pixel_values"],
  ...[
    "__proto__",
    "constructor",
    "prototype",
    "toString",
    "hasOwnProperty",
    "then",
    "toJSON",
    "valueOf",
    "length",
  ],
  ...["", "0", "-1", "\0", "\ud800", "💥", "n".repeat(300)],
];

const oddText = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...ODD_TEXTS) },
  { weight: 1, arbitrary: fc.json({ maxDepth: 3 }) },
  { weight: 1, arbitrary: fc.double().map(String) },
);

const oddName = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...ODD_NAMES) },
  fc.string({ maxLength: 8 }),
);

const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("replace" as const), text: oddText }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("remove" as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("repeat" as const), times: repeats() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("rename" as const), name: oddName }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("add" as const), name: oddName, text: oddText }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("nest" as const), depth: depths(), inObjects: fc.boolean() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("damage" as const),
      edits: fc.array(byteEdit, { minLength: 1, maxLength: 3 }),
    }),
  },
);

/** Few, as a rule; now and then more than the limit of instances. */
function repeats(): fc.Arbitrary<number> {
  return fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: 2, max: 5 }) },
    fc.integer({ min: 6, max: 1500 }),
  );
}

/** Around the limit of nesting; now and then deep enough for a recursion's stack. */
function depths(): fc.Arbitrary<number> {
  return fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 1, max: 70 }) }, fc.constantFrom(5000, 100_000));
}

/** One edit. */
export const jsonEdit: fc.Arbitrary<JsonEdit> = fc.record({ at: fc.nat(4096), change });

/** Returns the tree with the edits made, in order. */
export function applyJsonEdits(tree: JsonTree, edits: readonly JsonEdit[]): JsonTree {
  return edits.reduce((edited, edit) => applyEdit(edited, edit), tree);
}

function applyEdit(tree: JsonTree, { at, change }: JsonEdit): JsonTree {
  return replaceAt(tree, at % sizeOf(tree), (name, value) => changed(name, value, change));
}

function changed(name: string, value: JsonTree, change: Change): readonly JsonMember[] {
  switch (change.kind) {
    case "replace":
      return [[name, { kind: "token", text: change.text }]];
    case "remove":
      return [];
    case "repeat":
      return new Array<JsonMember>(change.times).fill([name, value]);
    case "rename":
      return [[change.name, value]];
    case "add":
      return [[name, withAdded(value, change)]];
    case "nest":
      return [[name, nested(value, change)]];
    case "damage":
      return [[name, damaged(value, change.edits)]];
  }
}

function withAdded(
  value: JsonTree,
  { name, text }: { readonly name: string; readonly text: string },
): JsonTree {
  const added: JsonTree = { kind: "token", text };
  if (value.kind === "object") return { kind: "object", members: [...value.members, [name, added]] };
  return value.kind === "list" ? { kind: "list", items: [...value.items, added] } : value;
}

/** As one token: a tree of such depth would take this process's own stack. */
function nested(value: JsonTree, { depth, inObjects }: { depth: number; inObjects: boolean }): JsonTree {
  const inner = value.kind === "token" ? value.text : "1";
  const [open, close] = inObjects ? ['{"a":', "}"] : ["[", "]"];
  return { kind: "token", text: open.repeat(depth) + inner + close.repeat(depth) };
}

/** A string keeps its quotes: what is inside is to be damaged, as a rule not the JSON. */
function damaged(value: JsonTree, edits: readonly ByteEdit[]): JsonTree {
  if (value.kind !== "token") return value;
  const isString = /^".*"$/s.test(value.text);
  const inner = isString ? value.text.slice(1, -1) : value.text;
  const text = applyByteEdits(Buffer.from(inner, "latin1"), edits).toString("latin1");
  return { kind: "token", text: isString ? `"${text}"` : text };
}
