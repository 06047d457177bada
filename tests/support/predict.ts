import { type Answer, type RequestOptions, request } from "./http-client.ts";

/** Sends instances to `/v1/models/model:predict`. */
export function predict(
  url: string,
  instances: readonly unknown[],
  options: RequestOptions = {},
): Promise<Answer> {
  return request(`${url}/v1/models/model:predict`, { ...options, body: { instances } });
}
