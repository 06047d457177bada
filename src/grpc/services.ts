import type { GrpcApi } from "./grpc-api.ts";
import type { GrpcMethod } from "./grpc-method.ts";
import { healthService } from "./services/health-service.ts";
import { inferenceService } from "./services/inference-service.ts";
import { modelService } from "./services/model-service.ts";
import { predictionService } from "./services/prediction-service.ts";

/** Each family of clients is a file of its own: another one is another line here. */
const SERVICES: readonly ((api: GrpcApi) => readonly GrpcMethod[])[] = [
  predictionService,
  modelService,
  inferenceService,
];

/** Returns the methods of all services. */
export function createServices(api: GrpcApi): readonly GrpcMethod[] {
  const methods = SERVICES.flatMap((service) => service(api));
  const names = new Set(methods.map(({ path }) => path.split("/")[1] ?? ""));
  return [...methods, ...healthService(api, names)];
}
