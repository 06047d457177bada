import {
  type Attributes,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { describeRequest } from "./describe-request.ts";
import type { EndedRequest, OpenTrace, RequestTrace, TraceIds } from "./request-trace.ts";
import { StageTimes } from "./stage-times.ts";

type ReadHeader = Parameters<OpenTrace>[0];

const HEADERS: TextMapGetter<ReadHeader> = {
  get: (read, name) => read(name),
  keys: () => [],
};

/** Makes a span of each request, under that of its caller where there is one, and one of each of its stages. */
export class RequestTracer {
  readonly #tracer: Tracer;
  readonly #propagator = new W3CTraceContextPropagator();

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  /** @see W3C Trace Context, the headers `traceparent` and `tracestate` */
  open(header: ReadHeader): RequestTrace {
    const parent = this.#propagator.extract(ROOT_CONTEXT, header, HEADERS);
    // One for the whole request: the system's clock tells milliseconds, so that spans that each look at it don't fit together.
    const epochMs = Date.now() - performance.now();
    const options = { kind: SpanKind.SERVER, startTime: performance.now() + epochMs };
    // What it is called is known when its route is.
    const span = this.#tracer.startSpan("request", options, parent);
    return new ServerSpan({
      tracer: this.#tracer,
      span,
      hasParent: trace.getSpanContext(parent) !== undefined,
      epochMs,
    });
  }
}

interface ServerSpanOptions {
  readonly tracer: Tracer;
  readonly span: Span;
  readonly hasParent: boolean;
  /** What is added to a time of `performance.now()` to make it one of the calendar. */
  readonly epochMs: number;
}

class ServerSpan implements RequestTrace {
  readonly ids: TraceIds;
  readonly stages: StageTimes | undefined;
  readonly #tracer: Tracer;
  readonly #span: Span;
  readonly #hasParent: boolean;
  readonly #epochMs: number;

  constructor({ tracer, span, hasParent, epochMs }: ServerSpanOptions) {
    const { traceId, spanId } = span.spanContext();
    this.ids = { trace_id: traceId, span_id: spanId };
    this.stages = span.isRecording() ? new StageTimes() : undefined;
    this.#tracer = tracer;
    this.#span = span;
    this.#hasParent = hasParent;
    this.#epochMs = epochMs;
  }

  servedBy({ name, version }: { readonly name: string; readonly version: number }): void {
    this.#span.setAttributes({ "onnx_serving.model.name": name, "onnx_serving.model.version": version });
  }

  end(request: EndedRequest): void {
    if (this.stages === undefined) return;
    // A span that does not end is never sent.
    if (request.isProbe && !this.#hasParent) return;
    const { name, attributes, isError } = describeRequest(request);
    this.#span.updateName(name);
    this.#span.setAttributes(attributes);
    if (isError) this.#span.setStatus({ code: SpanStatusCode.ERROR });
    this.#addStages(this.stages);
    this.#span.end(performance.now() + this.#epochMs);
  }

  #addStages(stages: StageTimes): void {
    const parent = trace.setSpan(ROOT_CONTEXT, this.#span);
    for (const { stage, startMs, endMs, figures } of stages) {
      const attributes: Attributes = {};
      for (const [name, value] of Object.entries(figures)) attributes[`onnx_serving.${name}`] = value;
      const startTime = startMs + this.#epochMs;
      this.#tracer.startSpan(stage, { startTime, attributes }, parent).end(endMs + this.#epochMs);
    }
  }
}
