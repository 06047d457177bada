import type { PredictChoice } from "./client/http-transport.ts";
import type { NamedImage } from "./client/image-source.ts";
import type { PredictTransport, Reply } from "./client/predict-transport.ts";
import type { CudaDevices } from "./config/cuda-devices.ts";
import type { Settings } from "./config/settings.ts";
import { BatchFailedError, ServingError, StartupError, toServingError } from "./errors.ts";
import { STATUS_OF_CODE } from "./http/status.ts";
import { createLogger } from "./observability/logger.ts";
import type { Instance, PredictRequest } from "./protocol/predict-request.ts";
import { writeJson, writeJsonText } from "./protocol/write-json.ts";
import { writeError, writePredictions } from "./protocol/write-predictions.ts";
import { Server } from "./server.ts";
import { answerCall } from "./serving/answer-call.ts";
import { chooseSignature } from "./signature/choose-signature.ts";

export interface LocalModelOptions {
  readonly settings: Settings;
  /** CPUs to plan threads for. */
  readonly cpus: number;
  readonly cuda: CudaDevices;
  readonly choice: PredictChoice;
}

/** A day: nobody waits at the other end of a connection. */
const TIMEOUT_MS = 86_400_000;

/** The server's model without the server: what is sent to it goes the way of a request to `/analyze:predict`, behind HTTP. */
export class LocalModel implements PredictTransport {
  readonly #server: Server;
  readonly #choice: PredictChoice;
  #failure: Error | undefined;

  private constructor({ settings, cpus, cuda, choice }: LocalModelOptions) {
    this.#choice = choice;
    const level = settings.logLevel === "info" ? "warn" : settings.logLevel;
    // Results have standard output.
    const logger = createLogger(level, { write: (line) => void process.stderr.write(line) });
    this.#server = new Server({
      settings: {
        ...settings,
        grpcPort: undefined,
        fileSystemPollWaitSeconds: 0,
        requestTimeoutMs: TIMEOUT_MS,
        // Its figures are a server's.
        otelSdkDisabled: "true",
      },
      logger,
      cpus,
      cuda,
      onFatal: (error) => {
        this.#failure = error;
      },
    });
  }

  /**
   * Loads and proves the model, as a start does, and opens no port.
   *
   * @throws {StartupError} when it can't be served, or takes no images.
   */
  static async load(options: LocalModelOptions): Promise<LocalModel> {
    const local = new LocalModel(options);
    try {
      await local.#server.load();
      const { servable } = local.#server.api.models.find();
      if (servable.modelInputs.imageInput === undefined)
        throw new StartupError("the model takes tensors, not images");
      return local;
    } catch (error) {
      await local.close();
      throw error;
    }
  }

  async send(images: readonly NamedImage[], signal: AbortSignal): Promise<Reply> {
    signal.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure;
    const ending = new AbortController();
    const leave = () => ending.abort(new ServingError("CANCELLED", "the caller left"));
    signal.addEventListener("abort", leave, { once: true });
    try {
      return { status: 200, body: await this.#answer(images, ending.signal) };
    } catch (error) {
      signal.throwIfAborted();
      return refusal(toServingError(error));
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  /** Ends the worker threads. */
  async close(): Promise<void> {
    await this.#server.endWorkers();
  }

  async #answer(images: readonly NamedImage[], signal: AbortSignal): Promise<string> {
    const { api } = this.#server;
    const model = api.models.find();
    const signature = chooseSignature(model.servable.head, {
      named: this.#choice.signature,
      serverDefault: api.settings.defaultSignature,
      dialectDefault: "class",
    });
    const request = this.#request(images);
    const ticket = api.admission.enter(model.forecast);
    const deadlineMs = performance.now() + TIMEOUT_MS;
    const call = { model, request, signature, ticket, signal, deadlineMs };
    let body = "";
    try {
      await answerCall(api, { ...call, onBadInstance: "report", requestId: "local" }, async (predicted) => {
        if (predicted.kind === "outputs") {
          throw new ServingError("INTERNAL", "images were answered with tensors; this is a bug");
        }
        const { chunks } = await writeJson(writePredictions("row", predicted.predictions));
        body = Buffer.concat(chunks).toString("utf8");
      });
      return body;
    } finally {
      ticket.release();
    }
  }

  #request(images: readonly NamedImage[]): PredictRequest {
    // Copies: their memory is handed to the threads that decode, and they may have to be sent again.
    const instances = images.map(({ bytes }): Instance => ({ kind: "image", bytes: new Uint8Array(bytes) }));
    return {
      parameters: this.#choice.parameters ?? {},
      format: "row",
      inputs: { kind: "instances", instances },
    };
  }
}

function refusal(error: ServingError): Reply {
  const status = STATUS_OF_CODE[error instanceof BatchFailedError ? "INVALID_ARGUMENT" : error.code];
  const { retryAfterSeconds } = error;
  const retryAfter = retryAfterSeconds === undefined ? undefined : String(retryAfterSeconds);
  return { status, body: writeJsonText(writeError(error)), retryAfter };
}
