/** The fields of a message in protobuf's text format, in the file's order; a list is a field for each item. */
export type TextMessage = readonly TextField[];

export interface TextField {
  readonly name: string;
  /** Where its name stands, from 1 on. */
  readonly line: number;
  /** A string in quotes, or the word or number as it stands there; or a message. */
  readonly value: string | TextMessage;
}

const MAX_CHARACTERS = 2 ** 20;
const MAX_DEPTH = 16;

/** White space, a comment, a string, a word or number, a sign of punctuation. */
const TOKEN = /\s+|#[^\n]*|("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|([\w.+-]+)|([{}<>[\]:,;])/y;

/**
 * Returns a message in protobuf's text format. No schema is needed: names and values are the file's.
 *
 * @throws {SyntaxError} when it is none, is nested deeper than 16 or longer than 1 Mi characters.
 * @see https://protobuf.dev/reference/protobuf/textformat-spec/
 */
export function parseTextProto(text: string): TextMessage {
  if (text.length > MAX_CHARACTERS) throw new SyntaxError(`longer than ${MAX_CHARACTERS} characters`);
  return readFields(new Tokens(text), undefined, 0);
}

interface Token {
  readonly kind: "string" | "word" | "sign";
  readonly text: string;
  readonly line: number;
}

class Tokens {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(text: string) {
    this.#tokens = tokenize(text);
  }

  peek(): Token | undefined {
    return this.#tokens[this.#next];
  }

  take(): Token | undefined {
    const token = this.peek();
    this.#next += 1;
    return token;
  }

  /** Steps over a sign of `signs` if one stands here, and returns it. */
  skip(...signs: readonly string[]): string | undefined {
    const token = this.peek();
    if (token?.kind !== "sign" || !signs.includes(token.text)) return undefined;
    this.#next += 1;
    return token.text;
  }

  unexpected(expected: string): SyntaxError {
    const token = this.peek();
    return new SyntaxError(
      token === undefined
        ? `expected ${expected}, got the end`
        : `line ${token.line}: expected ${expected}, got ${JSON.stringify(token.text.slice(0, 32))}`,
    );
  }
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  let offset = 0;
  while (offset < text.length) {
    TOKEN.lastIndex = offset;
    const match = TOKEN.exec(text);
    if (match === null) {
      throw new SyntaxError(`line ${line}: unexpected ${JSON.stringify(text.slice(offset, offset + 8))}`);
    }
    const [whole, quoted, word, sign] = match;
    if (quoted !== undefined) tokens.push({ kind: "string", text: unquote(quoted, line), line });
    else if (word !== undefined) tokens.push({ kind: "word", text: word, line });
    else if (sign !== undefined) tokens.push({ kind: "sign", text: sign, line });
    line += whole.split("\n").length - 1;
    offset += whole.length;
  }
  return tokens;
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  '"': '"',
  "'": "'",
  "\\": "\\",
};

function unquote(quoted: string, line: number): string {
  return quoted.slice(1, -1).replace(/\\(.)/g, (whole, letter: string) => {
    const escaped = ESCAPES[letter];
    if (escaped === undefined) throw new SyntaxError(`line ${line}: the escape ${whole} is not read`);
    return escaped;
  });
}

function readFields(tokens: Tokens, end: string | undefined, depth: number): TextMessage {
  if (depth > MAX_DEPTH) throw new SyntaxError(`nested deeper than ${MAX_DEPTH}`);
  const fields: TextField[] = [];
  for (;;) {
    if (end === undefined ? tokens.peek() === undefined : tokens.skip(end) !== undefined) return fields;
    const name = tokens.peek();
    if (name?.kind !== "word" || !/^[A-Za-z_]\w*$/.test(name.text)) throw tokens.unexpected("a field's name");
    tokens.take();
    const hasColon = tokens.skip(":") !== undefined;
    for (const value of readValues(tokens, hasColon, depth)) {
      fields.push({ name: name.text, line: name.line, value });
    }
    tokens.skip(",", ";");
  }
}

/** One value, or the items of a list. */
function readValues(tokens: Tokens, hasColon: boolean, depth: number): (string | TextMessage)[] {
  if (tokens.skip("[") === undefined) return [readValue(tokens, hasColon, depth)];
  const values: (string | TextMessage)[] = [];
  while (tokens.skip("]") === undefined) {
    if (values.length > 0 && tokens.skip(",") === undefined) throw tokens.unexpected('"," or "]"');
    values.push(readValue(tokens, hasColon, depth));
  }
  return values;
}

function readValue(tokens: Tokens, hasColon: boolean, depth: number): string | TextMessage {
  const open = tokens.skip("{", "<");
  if (open !== undefined) return readFields(tokens, open === "{" ? "}" : ">", depth + 1);
  if (!hasColon) throw tokens.unexpected('":" or "{"');
  const token = tokens.peek();
  if (token === undefined || token.kind === "sign") throw tokens.unexpected("a value");
  tokens.take();
  if (token.kind === "word") return token.text;
  const parts = [token.text];
  // Strings side by side are one.
  while (tokens.peek()?.kind === "string") parts.push(tokens.take()?.text ?? "");
  return parts.join("");
}
