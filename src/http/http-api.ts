import type { ServingApi } from "../serving/serving-api.ts";
import type { UnsentAnswers } from "./unsent-answers.ts";

/** All that the HTTP room needs of the rest of the server. */
export interface HttpApi extends ServingApi {
  readonly unsentAnswers: UnsentAnswers;
}
