import type { ModelMetadata, TensorMetadata } from "./model-metadata.ts";

/** An answer that is none: an error of the server or of a proxy before it, or silence. */
export class ServerError extends Error {
  override readonly name: string = "ServerError";
  /** 0: no answer. */
  readonly status: number;
  readonly code: string;
  readonly retryAfterSeconds: number | undefined;

  constructor(fault: {
    readonly status: number;
    readonly code: string;
    readonly message: string;
    readonly retryAfterSeconds?: number | undefined;
  }) {
    super(fault.message);
    this.status = fault.status;
    this.code = fault.code;
    this.retryAfterSeconds = fault.retryAfterSeconds;
  }
}

/** A version of a model, and whether it answers. */
export interface ModelVersionStatus {
  readonly version: string;
  readonly state: string;
}

/** What is known of a model. */
export interface DescribedModel {
  readonly model: ModelMetadata;
  readonly inputs: Readonly<Record<string, TensorMetadata>>;
}

interface MetadataAnswer {
  readonly onnx_serving: ModelMetadata;
  readonly metadata: {
    readonly signature_def: {
      readonly signature_def: Readonly<
        Record<string, { readonly inputs: Readonly<Record<string, TensorMetadata>> }>
      >;
    };
  };
}

/** Returns the part of a path that names a model, and its version where one is chosen. */
export function modelPath(name: string, version?: string): string {
  const model = `v1/models/${encodeURIComponent(name)}`;
  return version === undefined ? model : `${model}/versions/${version}`;
}

/** Asks the server that the page came from. @throws {ServerError} from every method but for an abort. */
export class ServerApi {
  readonly #base: string;
  readonly #fetch: typeof fetch;

  /** @param base address of the page */
  constructor(base: string, ask: typeof fetch = (input, init) => fetch(input, init)) {
    this.#base = base;
    this.#fetch = ask;
  }

  address(path: string): string {
    return new URL(path, this.#base).href;
  }

  async models(): Promise<readonly string[]> {
    return ((await this.#json("v1/models")) as { models: string[] }).models;
  }

  /** Also of a model that has none which answers. */
  async versions(name: string): Promise<readonly ModelVersionStatus[]> {
    const { body } = await this.#ask(modelPath(name));
    const { model_version_status: versions } = (body ?? {}) as {
      model_version_status?: ModelVersionStatus[];
    };
    return versions ?? [];
  }

  async describe(path: string): Promise<DescribedModel> {
    const { onnx_serving: model, metadata } = (await this.#json(`${path}/metadata`)) as MetadataAnswer;
    const { serving_default: signature } = metadata.signature_def.signature_def;
    return { model, inputs: signature?.inputs ?? {} };
  }

  /** Returns the page in Prometheus' text format. */
  async metrics(): Promise<string> {
    const { ok, status, text } = await this.#ask("metrics");
    if (!ok) throw toError(status, undefined, undefined);
    return text;
  }

  /** Returns what the server is doing, in its own words. */
  async state(): Promise<{ readonly state: string; readonly error?: string }> {
    return (await this.#json("console/state")) as { state: string; error?: string };
  }

  /**
   * Returns the prediction of one instance.
   *
   * @param hasLines whether the model answers in lines: a bad image is then no failed request, which browsers would report
   */
  async predict(
    path: string,
    body: string,
    { hasLines, signal }: { readonly hasLines: boolean; readonly signal: AbortSignal },
  ): Promise<unknown> {
    const headers = hasLines ? { Accept: "application/x-ndjson" } : {};
    const answer = await this.#json(`${path}:predict`, { method: "POST", headers, body, signal });
    if (!hasLines) return (answer as { predictions?: unknown[] }).predictions?.[0];
    const { prediction, error } = answer as {
      prediction?: unknown;
      error?: { readonly code: string; readonly message: string };
    };
    if (error !== undefined) throw new ServerError({ status: 400, ...error });
    return prediction;
  }

  /** Returns the whole answer. */
  async predictWhole(path: string, body: string, signal: AbortSignal): Promise<unknown> {
    return await this.#json(`${path}:predict`, { method: "POST", body, signal });
  }

  async #json(path: string, init?: RequestInit): Promise<unknown> {
    const { ok, status, body, retryAfter } = await this.#ask(path, init);
    if (!ok || body === undefined) throw toError(status, body, retryAfter);
    return body;
  }

  async #ask(path: string, init?: RequestInit): Promise<Answered> {
    try {
      const response = await this.#fetch(this.address(path), init);
      const text = await response.text();
      const retryAfter = response.headers.get("Retry-After") ?? undefined;
      return { ok: response.ok, status: response.status, text, body: parse(text), retryAfter };
    } catch (error) {
      init?.signal?.throwIfAborted();
      const message = "The server does not answer.";
      throw Object.assign(new ServerError({ status: 0, code: "NO_ANSWER", message }), { cause: error });
    }
  }
}

interface Answered {
  readonly ok: boolean;
  readonly status: number;
  readonly text: string;
  /** undefined: no JSON. */
  readonly body: unknown;
  readonly retryAfter: string | undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A proxy's errors are no JSON. */
function toError(status: number, body: unknown, retryAfter: string | undefined): ServerError {
  const { error, code } = (typeof body === "object" && body !== null ? body : {}) as {
    error?: unknown;
    code?: unknown;
  };
  const seconds = Number(retryAfter);
  return new ServerError({
    status,
    code: typeof code === "string" ? code : `HTTP ${status}`,
    message: typeof error === "string" ? error : `The server answered with status ${status}.`,
    retryAfterSeconds: retryAfter !== undefined && seconds >= 0 ? seconds : undefined,
  });
}
