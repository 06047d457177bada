import type { Context } from "koa";
import type { ErrorCode, ServingError } from "../errors.ts";
import type { PredictAnswer } from "../predictor.ts";
import type { Answer } from "../protocol/answer.ts";
import type { PredictRequest } from "../protocol/predict-request.ts";
import type { LoadedModel } from "../serving/model-directory.ts";
import type { ServingApi } from "../serving/serving-api.ts";
import type { SignatureName } from "../signature/head.ts";
import type { JsonForm } from "./read-request.ts";

/** What tells one family of clients from another on the way to the same predictor. */
export interface Dialect {
  /** Reads a body. The memory of the body is free again when it returns, but for an image that it is. */
  readonly read: (place: RequestPlace, body: Buffer<ArrayBuffer>) => Promise<DialectCall>;
  /** Whether one bad instance fails the request, unless ON_BAD_INSTANCE says otherwise. */
  readonly onBadInstance: NonNullable<ServingApi["settings"]["onBadInstance"]>;
  /** How it reads instances that come one a line. @default it does not */
  readonly lines?: JsonForm;
  /** @default {@link OWN_ERRORS} */
  readonly errors?: ErrorStyle;
}

/** What a body is read for. */
export interface RequestPlace {
  readonly ctx: Context;
  readonly settings: ServingApi["settings"];
  /**
   * The model that the request names; asked once the body is known to be sound.
   *
   * @throws {ServingError} NOT_FOUND, INVALID_ARGUMENT or NOT_READY when it can't be answered with.
   */
  readonly model: () => LoadedModel;
}

/** What a body asks for, and how its answer is written. */
export interface DialectCall {
  readonly request: PredictRequest;
  readonly signature: SignatureName;
  readonly write: (predicted: PredictAnswer) => HttpAnswer;
}

/** A body to send with 200. */
export type HttpAnswer = (
  | { readonly json: Answer }
  | { readonly bytes: Uint8Array; readonly contentType: string }
) & { readonly headers?: Readonly<Record<string, string>> };

/** The forms of error bodies. */
export type ErrorSchema = "Error" | "TorchServeError" | "FlashError" | "FlashValidationError";

/** How a family of clients is told of an error. */
export interface ErrorStyle {
  readonly body: (error: ServingError, status: number) => Answer;
  /** What the OpenAPI document calls the form of such a body. */
  readonly schemaOf: (status: number) => ErrorSchema;
  /** Where it differs from `STATUS_OF_CODE`. */
  readonly status?: Partial<Readonly<Record<ErrorCode, number>>>;
}
