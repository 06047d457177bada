import { once } from "node:events";
import { symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { checkReport } from "../../src/check-report.ts";
import { parseSettings } from "../../src/config/parse-settings.ts";
import { StartupError } from "../../src/errors.ts";
import { OnnxSession } from "../../src/runtime/onnx-session.ts";
import { request } from "../support/http-client.ts";
import { temporaryModelFolder } from "../support/model-folder.ts";
import { classifier, segmentation } from "../support/onnx/image-models.ts";
import { node, value, writeModel } from "../support/onnx/model-writer.ts";
import { customOperator, externalData, futureOpset } from "../support/onnx/odd-models.ts";
import { constant } from "../support/onnx/tensor-proto.ts";
import { DIGITS_DIR, type StartedServer, type StartOptions, startServer } from "../support/start-server.ts";
import { isAsWritten, QUOTED_MESSAGES, thrownBy } from "../support/troubleshooting-page.ts";
import { golden, refused, refusedIn, served } from "./load-folder.ts";

/** No trial of lanes and batch sizes. */
const QUICK = ["--inference-lanes=1", "--max-batch-size=1"];

async function start(options: StartOptions = {}): Promise<StartedServer> {
  const started = await startServer(options);
  onTestFinished(() => started.close());
  return started;
}

/** The line with which these flags end a start. */
const ofFlags = async (...flags: string[]) => {
  const error = await thrownBy(() => parseSettings(flags, {}));
  expect(error).toBeInstanceOf(StartupError);
  return error.message;
};

const takenPort = async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  onTestFinished(() => void other.close());
  const { port } = other.address() as { port: number };
  return (await thrownBy(() => startServer({ flags: [`--port=${port}`] }))).message;
};

const missingFolder = (name: string) => refusedIn(join(temporaryModelFolder({ file: "" }), name));

const linkOut = () => {
  const folder = temporaryModelFolder({});
  symlinkSync(join(DIGITS_DIR, "model.onnx"), join(folder, "model.onnx"));
  return refusedIn(folder);
};

/** It flattens the picture, whose size it leaves open, for weights that know one size. */
const openSized = () =>
  writeModel({
    inputs: [value("image", "float32", ["N", 3, "h", "w"])],
    outputs: [value("y", "float32", ["N", 3])],
    initializers: [constant("weights", "float32", [12, 3], new Array<number>(36).fill(1))],
    nodes: [node("Flatten", ["image"], ["flat"], { axis: 1 }), node("MatMul", ["flat", "weights"], ["y"])],
  });

/** Outputs that no picture has. */
const NINES = { shape: [1, 3], data: [9, 9, 9] };

/** The lines of `check`'s warnings. */
const warningsOf = async (model: Uint8Array) => {
  const [, lines = ""] = checkReport(await served({ "model.onnx": model }, ...QUICK)).split("Warnings\n");
  return lines.split("\n").map((line) => line.replace(/^ +\d+ +/, ""));
};

const health = async (state: "LOADING" | "DRAINING" | "FAILED") => {
  const { url, server } = await start({ load: false });
  if (state !== "LOADING") server.lifecycle.moveTo(state, state === "FAILED" ? "a reason" : undefined);
  return (await request(`${url}/readyz`)).text;
};

/** How each message of a start, of the log or of a health route comes about; several where it may be one of them. */
const MADE: Readonly<Record<string, () => Promise<string | readonly string[]>>> = {
  "unknown flag ...; see --help": () => ofFlags("--max-batch=3"),
  'unexpected argument "..."; see --help': () => ofFlags("model_dir"),
  "... needs a value": () => ofFlags("--port"),
  '... must be a whole number from ... to ..., got "..."': () => ofFlags("--port=70000"),
  '... must be a number of bytes (such as 1048576 or 1MiB) from ... to ..., got "..."': () =>
    ofFlags("--max-body-bytes=64MB"),
  '... must be one of ..., got "..."': () => ofFlags("--device=gpu"),
  "... are both set: unset all but one": () => ofFlags("--model-dir=a", "--model-base-path=b"),
  "can't listen on ...: the port is in use; set HOST or PORT": takenPort,
  "... does not exist: set MODEL_DIR to the model's folder": () => missingFolder("gone"),
  "... is not a folder: set MODEL_DIR to the folder that holds the model": () => missingFolder("file"),
  "... holds no *.onnx file: put model.onnx into it": () => refused({}),
  "... holds ...: name one model.onnx, or set MODEL_FILE": () => refused({ "a.onnx": "", "b.onnx": "" }),
  "... is a training checkpoint, not an ONNX model: export it with ...": () =>
    refused({ "export.pkl": "\x80\x04" }),
  "... is a Git LFS pointer, not the model: run ...": () =>
    refused({ "model.onnx": "version https://git-lfs.github.com/spec/v1\noid" }),
  "... is truncated or not an ONNX model: it holds no ...; export or copy it again": () =>
    refused({ "model.onnx": writeModel({ inputs: [], outputs: [], nodes: [] }).subarray(0, 2) }),
  '... keeps weights in "...", a file that does not exist: copy it beside the model, or export with all weights in one file':
    () => refused({ "model.onnx": externalData("gone.bin") }),
  "... is a link to a file outside ...: copy the file itself there (cp -L)": linkOut,
  "... uses operators of ..., which ONNX Runtime does not have: export it with standard operators": () =>
    refused({ "model.onnx": customOperator("com.example") }),
  "... can't be loaded: ...": () => refused({ "model.onnx": futureOpset() }),
  "... the model does not run: ...": () => refused({ "model.onnx": openSized() }),
  'serving.json: unknown key "..."; see docs/serving-json.md for the keys': () =>
    refused({ "model.onnx": classifier(), "serving.json": { mean: [1] } }),
  "... is not valid JSON: ...": () => refused({ "model.onnx": classifier(), "serving.json": "{" }),
  "... labels, but the model has ... classes": () =>
    refused({ "model.onnx": classifier(), "serving.json": { labels: ["one"] } }),
  ".../golden: the outputs differ from the training framework's by ..., above the tolerance ...: check the preprocessing (mean, std, size, filter)":
    async () => `folder/${await refused({ "model.onnx": classifier(), ...golden({ logits: NINES }) })}`,
  'DEFAULT_SIGNATURE: Serving signature name: "..." not found in signature def; this model offers: ...': () =>
    refused({ "model.onnx": classifier() }, "--default-signature=mask"),
  "CUDA can't be used: ...: run the GPU image with --gpus all, or set DEVICE=auto": async () => {
    const modelPath = join(DIGITS_DIR, "model.onnx");
    return (await thrownBy(() => OnnxSession.load({ modelPath, device: "cuda", intraOpThreads: 1 }))).message;
  },
  "serving on the CPU: CUDA can't be used: ...": async () => {
    const { log } = await start({
      files: { "model.onnx": classifier() },
      flags: ["--device=auto", ...QUICK],
    });
    return log.map(({ msg }) => String(msg));
  },
  '{"status":"LOADING"}': () => health("LOADING"),
  '{"status":"DRAINING"}': () => health("DRAINING"),
  '{"status":"FAILED",...}': () => health("FAILED"),
  "no normalisation found: pixels are divided by 255 and nothing else; say how in serving.json (preprocess.mean, preprocess.std)":
    () => warningsOf(classifier()),
  "activation guessed: ...; if that is wrong, say softmax, sigmoid or none in serving.json (activation)":
    () => warningsOf(classifier()),
  "no labels found: classes have numbers only": () => warningsOf(segmentation()),
};

describe("docs/troubleshooting.md", () => {
  test("quotes the messages that are made here, and no others", () => {
    expect(QUOTED_MESSAGES.toSorted()).toEqual(Object.keys(MADE).toSorted());
  });

  test.each(Object.entries(MADE))("%s", async (asWritten, make) => {
    const made = [await make()].flat();
    expect(
      made.some((message) => isAsWritten(message, asWritten)),
      made.join("\n"),
    ).toBe(true);
  });
});
