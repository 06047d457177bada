import { randomUUID } from "node:crypto";
import { type Metadata, ServerInterceptingCall, type ServerInterceptor, status } from "@grpc/grpc-js";
import type { ServingError } from "../errors.ts";
import type { RequestTrace } from "../observability/request-trace.ts";
import type { ServingApi } from "../serving/serving-api.ts";
import { isPassed } from "./call-signal.ts";

/** What may come in as a request id: no white space, nothing that could break a log line. */
const REQUEST_ID = /^[\w.:=;-]{1,128}$/;

/** What is known of one call when its log line is written. */
export interface CallRecord {
  readonly requestId: string;
  /** The caller's, on the clock of `performance.now()`; infinite where there is none. */
  readonly deadlineMs: number;
  /** For the log. */
  fields: Readonly<Record<string, unknown>>;
  /** Where it is traced. */
  readonly trace: RequestTrace | undefined;
  error?: ServingError;
  /** Called once, when the answer is taken or the caller gone. */
  onEnd?: () => void;
}

type CallLogApi = Pick<ServingApi, "logger" | "metrics" | "settings" | "openTrace">;

/**
 * Gives each call an id and, when it has ended, one log line, one observation, and a span where it is traced, as HTTP
 * requests have them.
 */
export class CallLog {
  readonly #api: CallLogApi;
  readonly #records = new WeakMap<Metadata, CallRecord>();
  readonly #quietPaths: ReadonlySet<string>;

  constructor(api: CallLogApi, quietPaths: ReadonlySet<string>) {
    this.#api = api;
    this.#quietPaths = quietPaths;
  }

  /** Returns the record of the call that brought this metadata. */
  recordOf(metadata: Metadata): CallRecord {
    const record = this.#records.get(metadata);
    if (record === undefined) throw new Error("a call without a record; this is a bug");
    return record;
  }

  /**
   * For the library: sees each call of a known method from its head to its end. A call whose message does not arrive in
   * time is ended.
   */
  readonly interceptor: ServerInterceptor = ({ path }, nextCall) => {
    const startMs = performance.now();
    const { receiveTimeoutMs } = this.#api.settings;
    const deadlineMs = deadlineOf(nextCall);
    let record: CallRecord | undefined;
    let sent: status | undefined;
    const call = new ServerInterceptingCall(nextCall, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, forward) => {
            const requestId = plainValue(metadata, "x-request-id") ?? randomUUID();
            const trace = this.#api.openTrace((name) => textOf(metadata, name));
            record = { requestId, deadlineMs, fields: {}, trace };
            this.#records.set(metadata, record);
            forward(metadata);
          },
          onReceiveHalfClose: (forward) => {
            clearTimeout(timer);
            forward();
          },
          // Told of every call at its end, however that came.
          onCancel: () => {
            clearTimeout(timer);
            record?.onEnd?.();
            const unsent = isPassed(deadlineMs) ? status.DEADLINE_EXCEEDED : status.CANCELLED;
            this.#write({ path, record, startMs, code: sent ?? unsent });
          },
        }),
      sendStatus: (answer, forward) => {
        sent = answer.code ?? status.UNKNOWN;
        forward(answer);
      },
    });
    const timer = setTimeout(() => {
      const details = `the request did not arrive within ${receiveTimeoutMs} ms (RECEIVE_TIMEOUT_MS)`;
      call.sendStatus({ code: status.DEADLINE_EXCEEDED, details });
    }, receiveTimeoutMs);
    return call;
  };

  #write(ended: {
    readonly path: string;
    readonly record: CallRecord | undefined;
    readonly startMs: number;
    readonly code: status;
  }): void {
    const { logger, metrics } = this.#api;
    const { path, record, startMs } = ended;
    const seconds = (performance.now() - startMs) / 1000;
    const code = status[ended.code];
    metrics.callEnded({ method: path, code, seconds });
    const error = record?.error;
    const line = {
      requestId: record?.requestId,
      ...record?.trace?.ids,
      method: "gRPC",
      route: path,
      status: code,
      ms: Math.round(seconds * 1e6) / 1000,
      ...record?.fields,
      ...(error === undefined ? {} : { code: error.code, message: error.message }),
    };
    const isProbe = this.#quietPaths.has(path);
    const fields = record?.fields ?? {};
    record?.trace?.end({ protocol: "grpc", path, status: code, errorCode: error?.code, fields, isProbe });
    if (ended.code === status.INTERNAL) logger.error({ ...line, cause: error?.cause }, "request");
    else logger[isProbe ? "debug" : "info"](line, "request");
  }
}

/** The library counts it on the wall clock, from a moment ago; an infinite one stays infinite. */
function deadlineOf(call: Pick<ServerInterceptingCall, "getDeadline">): number {
  // biome-ignore lint/style/noRestrictedGlobals: what it is compared with comes from the same clock at the same moment.
  return performance.now() + Number(call.getDeadline()) - Date.now();
}

function plainValue(metadata: Metadata, name: string): string | undefined {
  const value = textOf(metadata, name);
  return value !== undefined && REQUEST_ID.test(value) ? value : undefined;
}

function textOf(metadata: Metadata, name: string): string | undefined {
  const [value] = metadata.get(name);
  return typeof value === "string" ? value : undefined;
}
