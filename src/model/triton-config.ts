import { join } from "node:path";
import { StartupError } from "../errors.ts";
import { contains } from "./check-in-folder.ts";
import { parseLabelLines } from "./label-files.ts";
import { readTextFile } from "./read-text-file.ts";
import type { RecipeSource } from "./recipe.ts";
import { parseTextProto, type TextMessage } from "./text-proto.ts";

const FILE = "config.pbtxt";

/** What is known from the graph, the folder and the settings anyway: no warning is due. */
const NEEDLESS: ReadonlySet<string> = new Set(["name", "platform", "backend", "input", "output"]);

/**
 * Returns what Triton's `config.pbtxt` says of the labels; undefined when there is none. It stands beside the
 * version folders. All else in it is ignored, with a warning.
 *
 * @throws {StartupError} when it can't be read or names labels that are not in the folder.
 * @see triton-inference-server/common `protobuf/model_config.proto` ModelConfig, ModelOutput
 */
export function readTritonConfig(modelDir: string): RecipeSource | undefined {
  const path = join(modelDir, FILE);
  const text = readTextFile(path, modelDir);
  if (text === undefined) return undefined;
  const message = parse(path, text);
  const ignored = [...new Set(message.map(({ name }) => name))].filter((name) => !NEEDLESS.has(name));
  const warning = `${FILE}: only label_filename is read; ignored: ${ignored.join(", ")} (the server's own settings are in docs/configuration.md)`;
  return {
    origin: FILE,
    values: readLabels(modelDir, message),
    warnings: ignored.length === 0 ? [] : [{ text: warning }],
  };
}

function parse(path: string, text: string): TextMessage {
  try {
    return parseTextProto(text);
  } catch (error) {
    throw new StartupError(`${path} can't be read: ${(error as Error).message}`);
  }
}

/** The first output with labels is the one that they belong to. */
function readLabels(modelDir: string, message: TextMessage): RecipeSource["values"] {
  const outputs = message.filter(({ name }) => name === "output").map(({ value }) => value);
  for (const output of outputs) {
    const file = textOf(output, "label_filename");
    if (file === undefined || file === "") continue;
    const name = textOf(output, "name");
    return { labels: readLines(modelDir, file), ...(name === undefined ? {} : { output: name }) };
  }
  return {};
}

function textOf(message: string | TextMessage, key: string): string | undefined {
  if (typeof message === "string") return undefined;
  const value = message.find(({ name }) => name === key)?.value;
  return typeof value === "string" ? value : undefined;
}

function readLines(modelDir: string, file: string): readonly string[] {
  const path = join(modelDir, file);
  if (!contains(modelDir, path)) {
    throw new StartupError(`${join(modelDir, FILE)}: label_filename: ${file} is outside the model's folder`);
  }
  const text = readTextFile(path, modelDir);
  if (text !== undefined) return parseLabelLines(text);
  throw new StartupError(`${join(modelDir, FILE)}: label_filename: ${file} does not exist`);
}
