import type { StageTimes } from "./stage-times.ts";

/** What a log line says of a trace, in the names that OpenTelemetry gives them there. */
export interface TraceIds {
  readonly trace_id: string;
  readonly span_id: string;
}

/** What was asked, and what became of it. */
export type EndedRequest = {
  /** Absent: it was answered. */
  readonly errorCode?: string | undefined;
  /** As the log line has them. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Balancers ask it all the time: it is traced only where its caller traces. */
  readonly isProbe: boolean;
} & (
  | {
      readonly protocol: "http";
      /** `other` where it is none of HTTP's own. */
      readonly method: string;
      /** A template; absent: no route took it. */
      readonly route: string | undefined;
      readonly status: number;
    }
  | {
      readonly protocol: "grpc";
      /** `/<package>.<service>/<method>` */
      readonly path: string;
      /** The name of the status. */
      readonly status: string;
    }
);

/** One request on its way through the server, as its caller's trace sees it. */
export interface RequestTrace {
  readonly ids: TraceIds;
  /** Absent: the request is not sampled, so that nothing need be measured. */
  readonly stages: StageTimes | undefined;
  /** The model that it asks is known. */
  servedBy(model: { readonly name: string; readonly version: number }): void;
  /** Its answer is out, or its client gone. */
  end(request: EndedRequest): void;
}

/**
 * Opens the trace of a request that has come; undefined where requests are not traced.
 *
 * @param header reads a header of the request, by its name in small letters
 */
export type OpenTrace = (header: (name: string) => string | undefined) => RequestTrace | undefined;
