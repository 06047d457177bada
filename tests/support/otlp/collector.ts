import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { loadSync, type MessageTypeDefinition } from "@grpc/proto-loader";

// biome-ignore lint/suspicious/noExplicitAny: read by the messages' own definitions.
type Message = any;

type Attributes = Readonly<Record<string, string | number>>;

export interface ReceivedSpan {
  readonly name: string;
  readonly kind: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: it has none. */
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes: Attributes;
  /** `UNSET`, `OK` or `ERROR`. */
  readonly status: string;
  readonly resource: Attributes;
}

export interface ReceivedMetric {
  readonly name: string;
  readonly unit: string;
  readonly kind: "gauge" | "sum" | "histogram";
  readonly points: readonly (Message & { readonly attributes: Attributes })[];
  readonly resource: Attributes;
}

const DEFINITION = loadSync(fileURLToPath(new URL("otlp.proto", import.meta.url)), {
  keepCase: true,
  longs: String,
  enums: String,
  defaults: true,
  oneofs: true,
});

/** An OpenTelemetry collector that keeps what it is sent. */
export class Collector {
  readonly spans: ReceivedSpan[] = [];
  readonly metrics: ReceivedMetric[] = [];
  readonly requests: { readonly path: string; readonly headers: IncomingHttpHeaders }[] = [];
  readonly url: string;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** @param status that it answers with; 0: it never answers */
  static async start(status = 200): Promise<Collector> {
    const server = createServer();
    await once(server.listen(0, "127.0.0.1"), "listening");
    const collector = new Collector(server);
    server.on("request", async (request, response) => {
      const chunks = await request.toArray();
      collector.#take(request.url ?? "", request.headers, Buffer.concat(chunks));
      if (status > 0) response.writeHead(status).end();
    });
    return collector;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #take(path: string, headers: IncomingHttpHeaders, body: Buffer): void {
    this.requests.push({ path, headers });
    if (path.endsWith("metrics")) this.metrics.push(...readMetrics(body));
    else this.spans.push(...readSpans(body));
  }
}

function readSpans(body: Buffer): ReceivedSpan[] {
  return decode("otlp.Traces", body).resource_spans.flatMap(({ resource, scope_spans }: Message) =>
    scope_spans.flatMap(({ spans }: Message) =>
      spans.map((span: Message) => ({
        name: span.name,
        kind: span.kind,
        traceId: span.trace_id.toString("hex"),
        spanId: span.span_id.toString("hex"),
        parentSpanId: span.parent_span_id.toString("hex"),
        traceState: span.trace_state,
        startNs: BigInt(span.start_time_unix_nano),
        endNs: BigInt(span.end_time_unix_nano),
        attributes: toObject(span.attributes),
        status: span.status?.code ?? "UNSET",
        resource: toObject(resource.attributes),
      })),
    ),
  );
}

function readMetrics(body: Buffer): ReceivedMetric[] {
  return decode("otlp.Metrics", body).resource_metrics.flatMap(({ resource, scope_metrics }: Message) =>
    scope_metrics.flatMap(({ metrics }: Message) =>
      metrics.map((metric: Message) => {
        const kind = (["gauge", "sum", "histogram"] as const).find((one) => metric[one] !== null) ?? "gauge";
        return {
          name: metric.name,
          unit: metric.unit,
          kind,
          points: metric[kind].data_points.map((point: Message) => ({
            ...point,
            attributes: toObject(point.attributes),
          })),
          resource: toObject(resource.attributes),
        };
      }),
    ),
  );
}

function decode(name: string, bytes: Buffer): Message {
  return (DEFINITION[name] as MessageTypeDefinition<Message, Message>).deserialize(bytes);
}

function toObject(attributes: readonly Message[]): Attributes {
  return Object.fromEntries(
    attributes.map(({ key, value }) => {
      const given = value[value.value];
      return [key, value.value === "int_value" ? Number(given) : given];
    }),
  );
}
