import type { ServingApi } from "../serving/serving-api.ts";
import type { UnsentMessages } from "./unsent-messages.ts";

/** All that the gRPC room needs of the rest of the server. */
export interface GrpcApi extends ServingApi {
  readonly unsentMessages: UnsentMessages;
  /** Aborted when the server takes no more calls; those that would never end then do. */
  readonly closing: AbortSignal;
}
