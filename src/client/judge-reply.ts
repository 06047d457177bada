import { excerpt } from "../errors.ts";
import type { Reply } from "./predict-transport.ts";
import { ofOneImage } from "./read-answer.ts";

/** What a reply means for the images that were sent. */
export type Verdict =
  | { readonly kind: "answered" }
  /** The same request may succeed later; `once`: one more try is enough. */
  | { readonly kind: "later"; readonly code: string; readonly message: string; readonly once: boolean }
  /** One of the images is at fault, or how many there are; which one, where `instance` says it. */
  | {
      readonly kind: "images";
      readonly code: string;
      readonly message: string;
      readonly instance: number | undefined;
    }
  /** No image would be answered. */
  | { readonly kind: "refused"; readonly message: string };

/** The server, or what stands before it, has too much to do, or is not there yet. */
const LATER: ReadonlySet<number> = new Set([408, 425, 429, 502, 503, 504]);
const OF_IMAGES: ReadonlySet<number> = new Set([400, 413, 422]);
/** 400s of an onnx-serving server that are not the doing of an image, unless they name one. */
const OF_REQUEST: ReadonlySet<string> = new Set(["INVALID_ARGUMENT", "INVALID_JSON"]);

/** Returns what a reply means, of our server or of another that speaks TensorFlow Serving's REST. */
export function judgeReply({ status, body }: Reply): Verdict {
  if (status === 200) return { kind: "answered" };
  const { code, message, instance } = readError(status, body);
  // The model failed or its thread died: perhaps by another's image, perhaps by one of these.
  if (status === 500) return { kind: "later", code: code ?? "INTERNAL", message, once: true };
  if (LATER.has(status)) return { kind: "later", code: code ?? "UNAVAILABLE", message, once: false };
  const isOfRequest = code !== undefined && OF_REQUEST.has(code) && instance === undefined;
  if (OF_IMAGES.has(status) && !isOfRequest) {
    return { kind: "images", code: code ?? "REFUSED", message: ofOneImage(message), instance };
  }
  return { kind: "refused", message: `${status} ${code === undefined ? "" : `${code}: `}${message}` };
}

interface ReadError {
  readonly code?: string | undefined;
  readonly message: string;
  readonly instance?: number | undefined;
}

function readError(status: number, body: string): ReadError {
  try {
    const { error, code, instance } = JSON.parse(body) as Record<string, unknown>;
    return {
      message: typeof error === "string" ? error : `status ${status}`,
      code: typeof code === "string" ? code : undefined,
      instance: typeof instance === "number" ? instance : undefined,
    };
  } catch {
    return { message: body.trim() === "" ? `status ${status}, without a body` : excerpt(body.trim()) };
  }
}
