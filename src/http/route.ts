import type { Middleware } from "koa";
import type { ErrorStyle } from "./dialect.ts";
import type { RouteApi, UntoldApi } from "./route-api.ts";

/** One row of the route table. */
export interface Route {
  readonly method: "get" | "post" | "put" | "options" | "delete" | "patch";
  /** Matched on the encoded path. A colon in a text is escaped: unescaped, `:predict` would be a parameter. */
  readonly path: string | RegExp;
  /** How it shows in logs and metrics: a template, never the path that was typed. */
  readonly name: string;
  /** What the OpenAPI document says of it. */
  readonly api: RouteApi | UntoldApi;
  /** Pollers ask it all the time: it is not logged. */
  readonly isQuiet?: boolean;
  /** @default the server's own */
  readonly errors?: ErrorStyle;
  readonly handle: Middleware;
}
