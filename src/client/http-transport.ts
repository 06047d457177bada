import { RefusedError } from "./client-error.ts";
import type { NamedImage } from "./image-source.ts";
import { type PredictTransport, type Reply, UnansweredError } from "./predict-transport.ts";

/** What is asked of the model, beside the images. */
export interface PredictChoice {
  /** @default the server's */
  readonly signature?: string | undefined;
  /** Of the signature, such as `k`. @default none */
  readonly parameters?: Readonly<Record<string, number>>;
}

export interface HttpTransportOptions extends PredictChoice {
  /** As {@link predictUrl} gives it. */
  readonly url: URL;
  /** Longest time for one request, from its first byte to the last one of its answer. */
  readonly timeoutMs: number;
  /** Beside Content-Type. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** @default the global one */
  readonly fetch?: typeof fetch;
}

/**
 * Returns where a server takes images.
 *
 * @param base the server, with whatever stands before its own paths; a URL that ends with `:predict` is taken as it is
 * @param model its name in `/v1/models/<name>`, with `/versions/<n>` behind it if you like; absent: `/analyze:predict`,
 * which asks the first model
 */
export function predictUrl(base: string, model?: string): URL {
  const url = new URL(base);
  if (url.pathname.endsWith(":predict")) return url;
  const prefix = url.pathname.replace(/\/+$/, "");
  const name = model?.split("/").map(encodeURIComponent).join("/");
  url.pathname = `${prefix}${name === undefined ? "/analyze" : `/v1/models/${name}`}:predict`;
  return url;
}

/** Returns the server of a URL that {@link predictUrl} made, without a slash at the end. */
export function serverUrl(url: URL): string {
  return `${url.origin}${url.pathname.replace(/\/(analyze|v1\/models\/.+):predict$/, "")}`;
}

/** Sends images to a server, in fastai-serving's or TensorFlow Serving's JSON, as its path says. */
export class HttpTransport implements PredictTransport {
  readonly #options: HttpTransportOptions;

  constructor(options: HttpTransportOptions) {
    this.#options = options;
  }

  send(images: readonly NamedImage[], signal: AbortSignal): Promise<Reply> {
    return this.post(this.write(images), signal);
  }

  /**
   * Sends the body of a request.
   *
   * @throws {UnansweredError} when no answer came; {@link RefusedError} when none can, as of a port that fetch does not
   * connect to; the signal's reason when aborted.
   */
  async post(body: string, signal: AbortSignal): Promise<Reply> {
    const { url, timeoutMs, headers, fetch = globalThis.fetch } = this.#options;
    signal.throwIfAborted();
    const ending = new AbortController();
    const leave = () => ending.abort();
    signal.addEventListener("abort", leave, { once: true });
    const timer = setTimeout(leave, timeoutMs);
    try {
      const answer = await fetch(url, {
        method: "POST",
        headers: { "Content-Type": "application/json", ...headers },
        body,
        signal: ending.signal,
      });
      const retryAfter = answer.headers.get("Retry-After") ?? undefined;
      return { status: answer.status, body: await answer.text(), retryAfter };
    } catch (error) {
      signal.throwIfAborted();
      throw ending.signal.aborted
        ? new UnansweredError(`${url.origin}: no answer within ${timeoutMs} ms`)
        : toClientError(url, error as Error);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", leave);
    }
  }

  /** Returns the body of a request of images. */
  write(images: readonly NamedImage[]): string {
    const { url, signature, parameters = {} } = this.#options;
    const [before, after] = url.pathname.includes("/v1/models/")
      ? ['{"b64":"', '"}']
      : ['{"image_bytes":{"b64":"', '"}}'];
    const instances = images.map(({ bytes }) => `${before}${base64(bytes)}${after}`);
    const choice = {
      ...(signature === undefined ? {} : { signature_name: signature }),
      ...(Object.keys(parameters).length === 0 ? {} : { parameters }),
    };
    const head = JSON.stringify(choice).slice(1, -1);
    return `{${head}${head === "" ? "" : ","}"instances":[${instances.join(",")}]}`;
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** fetch says "fetch failed", and why in its cause; what has no code there is no fault of the network. */
function toClientError({ origin }: URL, error: Error): Error {
  const { code, message } = (error.cause ?? error) as NodeJS.ErrnoException;
  if (code !== undefined) return new UnansweredError(`${origin}: ${code}`, { cause: error });
  return new RefusedError(`${origin} can't be asked: ${message}`, { cause: error });
}
