import { excerpt, StartupError } from "../errors.ts";
import { readTextFile } from "./read-text-file.ts";
import { parseTextProto, type TextField, type TextMessage } from "./text-proto.ts";

/** The file, and the line of the message in it, for errors. */
interface Place {
  readonly path: string;
  readonly line: number;
}

/**
 * One message of a settings file in protobuf's text format, all of whose keys are known. Whatever is wrong is a
 * StartupError that says the file, the line and the key.
 */
export class MessageReader {
  readonly #place: Place;
  readonly #message: TextMessage;

  private constructor(place: Place, message: TextMessage, keys: readonly string[]) {
    this.#place = place;
    this.#message = message;
    for (const { name, line } of message) {
      if (keys.includes(name)) continue;
      throw this.#error(line, `the key ${excerpt(name)} is not known; known are ${keys.join(", ")}`);
    }
  }

  /**
   * Returns the message that is a file.
   *
   * @param keys that it may have
   * @param folder that links may not lead out of
   * @throws {StartupError} when it does not exist, can't be read or is no text of that format.
   */
  static ofFile(path: string, folder: string, keys: readonly string[]): MessageReader {
    const text = readTextFile(path, folder);
    if (text === undefined) throw new StartupError(`${path} does not exist: check its path`);
    return new MessageReader({ path, line: 1 }, parse(path, text), keys);
  }

  get line(): number {
    return this.#place.line;
  }

  /** Makes an error of a sentence on this message. */
  error(sentence: string): StartupError {
    return this.#error(this.#place.line, sentence);
  }

  has(key: string): boolean {
    return this.#message.some(({ name }) => name === key);
  }

  /** Returns a text; undefined when the key is absent. */
  text(key: string): string | undefined {
    const field = this.#single(key);
    return field === undefined ? undefined : this.#textOf(field);
  }

  /** Returns a whole number within the bounds; undefined when the key is absent. */
  integer(key: string, min: number, max: number): number | undefined {
    const field = this.#single(key);
    return field === undefined ? undefined : this.#integerOf(field, min, max);
  }

  /** Returns the whole numbers of a repeated key. */
  integers(key: string, min: number, max: number): readonly number[] {
    return this.#all(key).map((field) => this.#integerOf(field, min, max));
  }

  boolean(key: string): boolean | undefined {
    const field = this.#single(key);
    if (field === undefined) return undefined;
    const word = this.#textOf(field);
    if (/^(true|True|t|1)$/.test(word)) return true;
    if (/^(false|False|f|0)$/.test(word)) return false;
    throw this.#error(field.line, `${key} must be true or false, got "${excerpt(word)}"`);
  }

  /** Returns a message; undefined when the key is absent. */
  message(key: string, keys: readonly string[]): MessageReader | undefined {
    const field = this.#single(key);
    return field === undefined ? undefined : this.#messageOf(field, keys);
  }

  /** Returns the messages of a repeated key. */
  messages(key: string, keys: readonly string[]): readonly MessageReader[] {
    return this.#all(key).map((field) => this.#messageOf(field, keys));
  }

  /** Returns what a wrapper message such as `google.protobuf.Int64Value` holds, to be read under its key `value`. */
  wrapped(key: string): MessageReader | undefined {
    return this.message(key, ["value"]);
  }

  #all(key: string): readonly TextField[] {
    return this.#message.filter(({ name }) => name === key);
  }

  #single(key: string): TextField | undefined {
    const [field, other] = this.#all(key);
    if (other !== undefined) throw this.#error(other.line, `${key} stands there twice`);
    return field;
  }

  #textOf({ name, line, value }: TextField): string {
    if (typeof value === "string") return value;
    throw this.#error(line, `${name} must be a value, got a message; write ${name}: ...`);
  }

  #integerOf(field: TextField, min: number, max: number): number {
    const text = this.#textOf(field);
    const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw this.#error(
      field.line,
      `${field.name} must be a whole number from ${min} to ${max}, got "${excerpt(text)}"`,
    );
  }

  #messageOf({ name, line, value }: TextField, keys: readonly string[]): MessageReader {
    const { path } = this.#place;
    if (typeof value !== "string") return new MessageReader({ path, line }, value, keys);
    throw this.#error(line, `${name} must be a message, got a value; write ${name} { ${keys[0] ?? ""} ... }`);
  }

  #error(line: number, sentence: string): StartupError {
    return new StartupError(`${this.#place.path}: line ${line}: ${sentence}`);
  }
}

function parse(path: string, text: string): TextMessage {
  try {
    return parseTextProto(text);
  } catch (error) {
    throw new StartupError(`${path}: ${(error as Error).message}`);
  }
}
