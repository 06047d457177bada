import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { StartupError } from "../../src/errors.ts";
import type { RowOutcome, Session } from "../../src/runtime/session.ts";
import { SupervisedSession } from "../../src/runtime/supervised-session.ts";
import { WorkerSession } from "../../src/runtime/worker-session.ts";
import { DTYPES } from "../../src/tensor/dtype.ts";
import type { Tensors } from "../../src/tensor/tensor.ts";
import { temporaryModelFolder } from "../support/model-folder.ts";
import { channelsLast, classifier, staticBatchOne } from "../support/onnx/image-models.ts";
import { node, value, writeModel } from "../support/onnx/model-writer.ts";
import { customOperator, externalData, futureOpset } from "../support/onnx/odd-models.ts";
import {
  halfPlusTwo,
  identity,
  noBatchAxis,
  scalarOutput,
  severalOutputs,
  twoInputs,
} from "../support/onnx/tensor-models.ts";
import { constant, tensor } from "../support/onnx/tensor-proto.ts";

// A thread takes this from the environment, before the native library initialises.
process.env.ORT_DISABLE_TELEMETRY = "1";

function start(model: Uint8Array): Promise<Session> {
  const modelPath = join(temporaryModelFolder({ "model.onnx": model }), "model.onnx");
  return WorkerSession.start({ modelPath, device: "cpu", intraOpThreads: 1 });
}

/** Starts a session that is closed when the test ends. */
async function serve(model: Uint8Array): Promise<Session> {
  const session = await start(model);
  onTestFinished(() => session.close());
  return session;
}

/** Runs rows in one batch; `run` takes their memory, so they are copied. */
async function runRows(session: Session, rows: readonly Tensors[], batchSize = rows.length) {
  return (await session.run({ kind: "rows", rows: structuredClone([...rows]), batchSize })).rows;
}

async function runWhole(session: Session, feeds: Tensors): Promise<readonly RowOutcome[]> {
  return (await session.run({ kind: "whole", feeds: structuredClone(feeds) })).rows;
}

/** Looks words up in a table of three. Shapes: index int64 [N] → word float32 [N]; an index past 2 fails the run. */
function lookUp(batch: number | string = "N"): Uint8Array {
  return writeModel({
    inputs: [value("index", "int64", [batch])],
    outputs: [value("word", "float32", [batch])],
    initializers: [constant("table", "float32", [3], [10, 20, 30])],
    nodes: [node("Gather", ["table", "index"], ["word"])],
  });
}

const index = (i: number) => ({ index: tensor("int64", [], [i]) });
const word = (w: number) => ({ outputs: { word: tensor("float32", [], [w]) } });
const FAILED = { error: expect.stringMatching(/.+/) };

describe("WorkerSession", () => {
  test("tells what the model declares, unknown sizes by their names", async () => {
    expect((await serve(classifier({ height: "height", width: "" }))).info).toEqual({
      inputs: [value("image", "float32", ["N", 3, "height", ""])],
      outputs: [value("logits", "float32", ["N", 3])],
      provider: "cpu",
    });
  });

  test.each(DTYPES)("takes %s there and back, row by row", async (dtype) => {
    const session = await serve(identity(dtype, ["k"]));
    const rows = [tensor(dtype, [2], [0, 1]), tensor(dtype, [2], [1, 0]), tensor(dtype, [2], [1, 1])];
    const outcomes = await runRows(
      session,
      rows.map((x) => ({ x })),
    );
    expect(outcomes).toEqual(rows.map((y) => ({ outputs: { y } })));
  });

  test.each([
    ["int64", ["9223372036854775807", "-9223372036854775808", "9007199254740993"]],
    ["uint64", ["18446744073709551615", 0, 1]],
    ["float16", [65504, -(2 ** -24), 0.5]],
    ["float32", [Number.NaN, Number.NEGATIVE_INFINITY, -0]],
    ["float64", [Number.MAX_VALUE, Number.MIN_VALUE, 0.1]],
    ["string", ["", "Größe \u{1f600}", "a\nb\tc"]],
    ["uint8", [0, 255, 128]],
  ] as const)("keeps the odd values of %s", async (dtype, values) => {
    const session = await serve(identity(dtype));
    const x = tensor(dtype, [3], [...values]);
    expect(await runWhole(session, { x })).toEqual([{ outputs: { y: x } }]);
  });

  test("feeds two inputs", async () => {
    const session = await serve(twoInputs());
    const row = (a: number, b: number) => ({
      a: tensor("float32", [2], [a, a]),
      b: tensor("float32", [2], [b, b]),
    });
    expect(await runRows(session, [row(1, 10), row(2, 20)])).toEqual([
      { outputs: { sum: tensor("float32", [2], [11, 11]) } },
      { outputs: { sum: tensor("float32", [2], [22, 22]) } },
    ]);
  });

  test("gives several outputs, each with its own shape and type", async () => {
    const session = await serve(severalOutputs());
    const x = tensor("float32", [3], [1, 5, 2]);
    expect(await runRows(session, [{ x }])).toEqual([
      {
        outputs: {
          sum: tensor("float32", [1], [8]),
          doubled: tensor("float32", [3], [2, 10, 4]),
          largest: tensor("int64", [], [1]),
        },
      },
    ]);
  });

  test("feeds a whole table as it is, to a model without a batch axis", async () => {
    const x = tensor("float32", [2, 3], [1, 2, 3, 4, 5, 6]);
    expect(await runWhole(await serve(noBatchAxis()), { x })).toEqual([
      { outputs: { y: tensor("float32", [2, 3], [2, 4, 6, 8, 10, 12]) } },
    ]);
  });

  test("measures the time inside ONNX Runtime", async () => {
    const session = await serve(halfPlusTwo());
    const { computeInferMs } = await session.run({
      kind: "whole",
      feeds: { x: tensor("float32", [1], [1]) },
    });
    expect(computeInferMs).toBeGreaterThan(0);
  });

  test("pads rows to a fixed batch size, whose padding nobody gets", async () => {
    const session = await serve(lookUp(4));
    expect(await runRows(session, [index(2), index(0)], 4)).toEqual([word(30), word(10)]);
  });

  test("lets one row fail alone, the others of its batch succeed", async () => {
    const session = await serve(lookUp());
    expect(await runRows(session, [index(0), index(99), index(2)])).toEqual([word(10), FAILED, word(30)]);
  });

  test.each([
    ["full", [index(0), index(99), index(2)]],
    ["padded", [index(0), index(99)]],
  ])("lets one row fail alone in a %s batch of fixed size", async (_, rows) => {
    const session = await serve(lookUp(3));
    expect(await runRows(session, rows, 3)).toEqual([word(10), FAILED, word(30)].slice(0, rows.length));
  });

  test("lets a row that is alone fail, and runs the next", async () => {
    const session = await serve(lookUp());
    expect(await runRows(session, [index(99)])).toEqual([FAILED]);
    expect(await runRows(session, [index(1)])).toEqual([word(20)]);
  });

  test("lets a whole feed fail with the runtime's reason", async () => {
    const session = await serve(noBatchAxis());
    const [outcome] = await runWhole(session, { x: tensor("float32", [1, 1], [1]) });
    expect(outcome).toEqual({ error: expect.stringMatching(/dimension/i) });
  });

  test("fails a row whose output does not follow the batch", async () => {
    const session = await serve(scalarOutput());
    expect(await runRows(session, [{ x: tensor("float32", [], [1]) }])).toEqual([
      { error: "the outputs have no common number of rows for 1" },
    ]);
  });

  test("runs what it is given one after the other, each answer to its own run", async () => {
    const session = await serve(halfPlusTwo());
    const numbers = Array.from({ length: 50 }, (_, i) => i);
    const outcomes = await Promise.all(
      numbers.map((i) => runRows(session, [{ x: tensor("float32", [], [i]) }])),
    );
    expect(outcomes).toEqual(numbers.map((i) => [{ outputs: { y: tensor("float32", [], [i / 2 + 2]) } }]));
  });

  test.each<[string, Uint8Array]>([
    ["an opset of the future", futureOpset()],
    ["an operator of nobody's", customOperator()],
    ["weights that are gone", externalData("gone.bin")],
    ["half of a file", channelsLast().subarray(0, 60)],
    ["no ONNX", new TextEncoder().encode("hello")],
    ["an empty file", new Uint8Array()],
  ])("does not start with %s, and says why on one line", async (_, model) => {
    const thrown = await start(model).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(StartupError);
    expect(thrown).toHaveProperty("message", expect.stringMatching(/^[^\n]+$/));
  });

  test("does not start with an input that is no tensor, naming it", async () => {
    const model = writeModel({
      inputs: [value("x", "float32", ["N"])],
      outputs: [value("y", "float32", ["N"])],
      nodes: [node("SequenceConstruct", ["x"], ["y"])],
    });
    await expect(start(model)).rejects.toThrow(StartupError);
  });

  test("falls back to the CPU where CUDA can't be used, and says why", async () => {
    const modelPath = join(temporaryModelFolder({ "model.onnx": halfPlusTwo() }), "model.onnx");
    const session = await WorkerSession.start({ modelPath, device: "auto", intraOpThreads: 1 });
    onTestFinished(() => session.close());
    if (session.info.provider === "cuda") return;
    expect(session.info).toMatchObject({
      provider: "cpu",
      providerWarning: expect.stringMatching(/^CUDA can't be used: [^\n]+$/),
    });
    expect(await runRows(session, [{ x: tensor("float32", [], [1]) }])).toEqual([
      { outputs: { y: tensor("float32", [], [2.5]) } },
    ]);
    const asked = WorkerSession.start({ modelPath, device: "cuda", intraOpThreads: 1 });
    await expect(asked).rejects.toThrow(/^CUDA can't be used: [^\n]+$/);
  });
});

describe("SupervisedSession", () => {
  test("gives up with the reason, at once, when a new thread finds another model in the file", async () => {
    const folder = temporaryModelFolder({ "model.onnx": staticBatchOne() });
    const modelPath = join(folder, "model.onnx");
    const events: string[] = [];
    const threads: WorkerSession[] = [];
    let endThread = () => {};
    const gaveUp = new Promise<Error>((resolve) => {
      void SupervisedSession.start({
        start: async (onLost) => {
          endThread = () => onLost("died");
          const thread = await WorkerSession.start({ modelPath, device: "cpu", intraOpThreads: 1, onLost });
          threads.push(thread);
          return thread;
        },
        observer: {
          lost: () => events.push("lost"),
          restored: () => events.push("restored"),
          gaveUp: resolve,
        },
      }).then(() => {
        writeFileSync(modelPath, "no model");
        endThread();
      });
    });
    expect(await gaveUp).toBeInstanceOf(StartupError);
    expect(events).toEqual(["lost"]);
    await Promise.all(threads.map((thread) => thread.close()));
    rmSync(folder, { recursive: true });
  });
});
