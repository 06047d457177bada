import type { Context } from "koa";

/** What a page does beyond what stands in this server's own scripts and styles. */
export interface PageNeeds {
  /** Where images come from, beside this server. */
  readonly images: "blob:" | "data:";
  /** Its scripts put markup together, as Swagger UI's do. */
  readonly hasMarkup: boolean;
}

/** Sets that a page runs and shows nothing but what came from this server, and that no other page may frame it. */
export function setPageSecurity(ctx: Context, { images, hasMarkup }: PageNeeds): void {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `img-src 'self' ${images}`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    ...(hasMarkup ? [] : ["require-trusted-types-for 'script'", "trusted-types 'none'"]),
  ];
  ctx.set("Content-Security-Policy", policy.join("; "));
  ctx.set("X-Content-Type-Options", "nosniff");
  ctx.set("Referrer-Policy", "no-referrer");
  ctx.set("Cross-Origin-Opener-Policy", "same-origin");
}
