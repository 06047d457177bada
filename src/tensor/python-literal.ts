/** A value as Python's `repr` writes it; a dict is a Map in its order, a tuple an array. */
export type PythonValue =
  | string
  | number
  | boolean
  | null
  | readonly PythonValue[]
  | ReadonlyMap<string | number, PythonValue>;

const MAX_CHARACTERS = 2 ** 21;
const MAX_DEPTH = 16;

const CONSTANTS = new Map<string, boolean | null>([
  ["True", true],
  ["False", false],
  ["None", null],
  // JSON's, which some exporters write in place of Python's.
  ["true", true],
  ["false", false],
  ["null", null],
]);

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\",
  "'": "'",
  '"': '"',
  "/": "/",
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "0": "\0",
};

/** Digits behind the letter of an escape. */
const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/**
 * Returns the value of a Python literal: dict, list, tuple, string, number, True, False or None. Nothing is run.
 *
 * @throws {SyntaxError} when it is anything else, is nested deeper than 16 or longer than 2 Mi characters; the
 * message says where.
 * @see python/cpython `Lib/ast.py` literal_eval
 */
export function parsePythonLiteral(text: string): PythonValue {
  if (text.length > MAX_CHARACTERS) throw new SyntaxError(`longer than ${MAX_CHARACTERS} characters`);
  const reader = new Reader(text);
  const value = readValue(reader, 0);
  if (!reader.isAtEnd()) throw reader.unexpected("the end");
  return value;
}

/** A place in the text. */
class Reader {
  readonly #text: string;
  #offset = 0;

  constructor(text: string) {
    this.#text = text;
  }

  isAtEnd(): boolean {
    this.take(/\s*/y);
    return this.#offset === this.#text.length;
  }

  /** Returns what the sticky `pattern` matches here and steps over it; undefined when it does not. */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#offset;
    const [match] = pattern.exec(this.#text) ?? [];
    this.#offset += match?.length ?? 0;
    return match;
  }

  /** Steps over `token` and the white space before it, if they stand here. */
  skip(token: string): boolean {
    this.take(/\s*/y);
    if (!this.#text.startsWith(token, this.#offset)) return false;
    this.#offset += token.length;
    return true;
  }

  unexpected(expected: string): SyntaxError {
    const got = this.#text.slice(this.#offset, this.#offset + 8);
    return new SyntaxError(
      `expected ${expected} at character ${this.#offset}, got ${got === "" ? "the end" : JSON.stringify(got)}`,
    );
  }
}

function readValue(reader: Reader, depth: number): PythonValue {
  if (depth > MAX_DEPTH) throw new SyntaxError(`nested deeper than ${MAX_DEPTH}`);
  if (reader.skip("{")) return readDict(reader, depth);
  if (reader.skip("[")) return readItems(reader, "]", depth).items;
  if (reader.skip("(")) return readTuple(reader, depth);
  return readScalar(reader);
}

/** `(1)` is a number in brackets, `(1,)` a tuple. */
function readTuple(reader: Reader, depth: number): PythonValue {
  const { items, hasComma } = readItems(reader, ")", depth);
  const [first] = items;
  return items.length === 1 && !hasComma && first !== undefined ? first : items;
}

function readItems(
  reader: Reader,
  end: string,
  depth: number,
): { readonly items: PythonValue[]; readonly hasComma: boolean } {
  const items: PythonValue[] = [];
  let hasComma = false;
  while (!reader.skip(end)) {
    if (items.length > 0 && !hasComma) throw reader.unexpected(`"," or "${end}"`);
    items.push(readValue(reader, depth + 1));
    hasComma = reader.skip(",");
  }
  return { items, hasComma };
}

function readDict(reader: Reader, depth: number): ReadonlyMap<string | number, PythonValue> {
  const entries = new Map<string | number, PythonValue>();
  let hasComma = true;
  while (!reader.skip("}")) {
    if (!hasComma) throw reader.unexpected('"," or "}"');
    const key = readScalar(reader);
    if (typeof key !== "string" && typeof key !== "number") throw reader.unexpected("a key");
    if (!reader.skip(":")) throw reader.unexpected('":"');
    entries.set(key, readValue(reader, depth + 1));
    hasComma = reader.skip(",");
  }
  return entries;
}

function readScalar(reader: Reader): string | number | boolean | null {
  for (const quote of ["'", '"']) {
    if (reader.skip(quote)) return readString(reader, quote);
  }
  const number = reader.take(/[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])/y);
  if (number !== undefined) return Number(number);
  const word = reader.take(/(?:True|False|None|true|false|null)\b/y);
  const constant = word === undefined ? undefined : CONSTANTS.get(word);
  if (constant === undefined) throw reader.unexpected("a literal");
  return constant;
}

function readString(reader: Reader, quote: string): string {
  const plain = quote === "'" ? /[^'\\\n]+/y : /[^"\\\n]+/y;
  const parts: string[] = [];
  for (;;) {
    const part = reader.take(plain);
    if (part !== undefined) parts.push(part);
    else if (reader.take(/\\/y) !== undefined) parts.push(readEscape(reader));
    // Not skip: white space is part of the string.
    else if (reader.take(quote === "'" ? /'/y : /"/y) !== undefined) return parts.join("");
    else throw reader.unexpected(`a closing ${quote}`);
  }
}

function readEscape(reader: Reader): string {
  const letter = reader.take(/[\s\S]/y) ?? "";
  const known = ESCAPES[letter];
  if (known !== undefined) return known;
  const digits = reader.take(new RegExp(`[0-9a-fA-F]{${HEX_DIGITS[letter] ?? 99}}`, "y"));
  const code = Number.parseInt(digits ?? "", 16);
  if (!(code <= 0x10ffff)) throw reader.unexpected("an escape that Python's repr writes");
  return String.fromCodePoint(code);
}
