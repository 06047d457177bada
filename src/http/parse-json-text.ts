import { isUtf8 } from "node:buffer";
import { Readable } from "node:stream";
import type { Context, Middleware } from "koa";
import { ServingError } from "../errors.ts";
import { checkNesting } from "../protocol/check-nesting.ts";
import { jsonErrorMessage } from "../protocol/json-error.ts";

/**
 * Parses a body as JSON, whatever its Content-Type says. A key `__proto__` is refused; a byte order mark is skipped.
 *
 * @throws {ServingError} INVALID_JSON with TensorFlow Serving's words when it is none, is not UTF-8, or nests more than
 * 64 levels deep.
 */
export async function parseJsonText(ctx: Context, body: Buffer): Promise<{ value: unknown; text: string }> {
  const text = (error?: unknown) => jsonErrorMessage(body.toString("utf8"), error);
  if (body.length === 0) throw new ServingError("INVALID_JSON", text());
  // The decoder would put U+FFFD in the place of what it can't read.
  if (!isUtf8(body)) throw new ServingError("INVALID_JSON", "JSON Parse error: Invalid encoding in string.");
  checkNesting(body);
  // koa-bodyparser reads `ctx.req`; here that is the body, already read and decompressed.
  const req = Object.assign(Readable.from([body], { objectMode: false }), { headers: {} });
  const request: { body?: unknown; rawBody?: string } = {};
  const view = Object.create(ctx, { req: { value: req }, request: { value: request } });
  const parseJson = await loadJsonParser();
  try {
    await parseJson(view, async () => {});
  } catch (error) {
    throw new ServingError("INVALID_JSON", text(error));
  }
  return { value: request.body, text: request.rawBody ?? "" };
}

let jsonParser: Promise<Middleware> | undefined;

/** Loads koa-bodyparser, whose 80 files would hold up the binding of the port; the server does it before it is ready. */
export function loadJsonParser(): Promise<Middleware> {
  jsonParser ??= import("koa-bodyparser").then(({ default: bodyParser }) =>
    bodyParser({
      enableTypes: ["json"],
      detectJSON: () => true,
      // The limit was held while the body was read.
      jsonLimit: "1gb",
      strict: false,
    }),
  );
  return jsonParser;
}
