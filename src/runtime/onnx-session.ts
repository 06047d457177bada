import { env, InferenceSession, Tensor as OnnxTensor } from "onnxruntime-node";
import { firstLine } from "../errors.ts";
import { isDType, type TensorData } from "../tensor/dtype.ts";
import type { Tensor, TensorSpec, Tensors } from "../tensor/tensor.ts";
import type { SessionInfo } from "./session.ts";
import type { InferenceWorkerOptions } from "./worker-messages.ts";

// Where Node has a Float16Array, onnxruntime-common hands float16 tensors over in it, and the native binding of
// 1.30 sees none of their bytes. Without it both speak Uint16Array. This is the worker thread's own global object.
Reflect.deleteProperty(globalThis, "Float16Array");

// Its errors come as exceptions too; the native log would write them to standard error, over many lines.
env.logLevel = "fatal";

/** ONNX Runtime's session on the calling thread, which it blocks while it loads and runs. */
export class OnnxSession {
  readonly info: SessionInfo;
  readonly #session: InferenceSession;

  private constructor(session: InferenceSession, info: SessionInfo) {
    this.#session = session;
    this.info = info;
  }

  /**
   * Loads a model file.
   *
   * @throws {Error} with ONNX Runtime's own message when the file is no model, needs another opset, has
   * values that are no tensors, or (with `cuda`) when CUDA can't be used.
   */
  static async load(worker: InferenceWorkerOptions): Promise<OnnxSession> {
    const { modelPath, device, intraOpThreads, cudaDevice = 0 } = worker;
    const options = sessionOptions(intraOpThreads);
    if (device !== "cpu") {
      try {
        // A missing provider library or GPU makes this throw, whatever follows "cuda" in the list.
        const session = await InferenceSession.create(modelPath, {
          ...options,
          executionProviders: [{ name: "cuda", deviceId: cudaDevice }],
        });
        return new OnnxSession(session, { ...describe(session), provider: "cuda" });
      } catch (error) {
        const reason = `CUDA can't be used: ${firstLine((error as Error).message)}`;
        if (device === "cuda")
          throw new Error(`${reason}: run the GPU image with --gpus all, or set DEVICE=auto`);
        const session = await InferenceSession.create(modelPath, options);
        return new OnnxSession(session, { ...describe(session), provider: "cpu", providerWarning: reason });
      }
    }
    const session = await InferenceSession.create(modelPath, options);
    return new OnnxSession(session, { ...describe(session), provider: "cpu" });
  }

  /** Runs the model once. Blocks this thread. */
  async run(feeds: Tensors): Promise<Tensors> {
    const onnxFeeds = Object.fromEntries(
      Object.entries(feeds).map(([name, { dtype, data, shape }]) => [
        name,
        // The typed overloads can't follow a union; dtype and data agree by construction.
        new OnnxTensor(dtype as "float32", data as Float32Array, shape),
      ]),
    );
    const outputs = await this.#session.run(onnxFeeds);
    return Object.fromEntries(this.info.outputs.map(({ name }) => [name, toTensor(name, outputs[name])]));
  }
}

function sessionOptions(intraOpThreads: number): InferenceSession.SessionOptions {
  return {
    executionProviders: ["cpu"],
    executionMode: "sequential",
    intraOpNumThreads: intraOpThreads,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
    // Spinning costs 44 ms of CPU after each run on 2 cores: the image workers' time. The values are strings.
    extra: { session: { intra_op: { allow_spinning: "0" } } },
  };
}

function describe(session: InferenceSession): Pick<SessionInfo, "inputs" | "outputs"> {
  return {
    inputs: session.inputMetadata.map((value) => toSpec("input", value)),
    outputs: session.outputMetadata.map((value) => toSpec("output", value)),
  };
}

function toSpec(role: string, value: InferenceSession.ValueMetadata): TensorSpec {
  if (!value.isTensor)
    throw new Error(`${role} "${value.name}" is a sequence or map; only tensors are served`);
  if (!isDType(value.type))
    throw new Error(`${role} "${value.name}" has type ${value.type}, which is not served`);
  // An unnamed dynamic size comes as "" or undefined.
  return { name: value.name, dtype: value.type, shape: value.shape.map((size) => size ?? "") };
}

function toTensor(name: string, value: OnnxTensor | undefined): Tensor {
  if (value === undefined || !isDType(value.type))
    throw new Error(`output "${name}" is no tensor that is served`);
  return { dtype: value.type, shape: value.dims, data: value.data as TensorData };
}
