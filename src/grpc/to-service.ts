import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { toServingError } from "../errors.ts";
import type { ServingApi } from "../serving/serving-api.ts";
import type { CallLog, CallRecord } from "./call-log.ts";
import type { Envelope, GrpcMethod } from "./grpc-method.ts";
import { toStatus } from "./grpc-status.ts";

/** What is registered with the library. */
export interface Service {
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
}

/** Returns methods as the library takes them; messages go through it as bytes. Every error becomes a status. */
export function toService(
  methods: readonly GrpcMethod[],
  { metrics }: Pick<ServingApi, "metrics">,
  callLog: CallLog,
): Service {
  const failWith = (record: CallRecord, thrown: unknown) => {
    const error = toServingError(thrown);
    record.error = error;
    metrics.errorAnswered(error.code);
    return toStatus(error, metadataOf(record));
  };
  const openStream = ({ open }: StreamMethod): handleServerStreamingCall<Envelope, Uint8Array> => {
    return (call) => {
      try {
        open(call);
      } catch (thrown) {
        call.emit("error", failWith(callLog.recordOf(call.metadata), thrown));
      }
    };
  };
  const answerUnary = ({ answer }: UnaryMethod): handleUnaryCall<Envelope, Uint8Array> => {
    return async (call, callback) => {
      const record = callLog.recordOf(call.metadata);
      try {
        callback(null, await answer({ call, record }), metadataOf(record));
      } catch (thrown) {
        callback(failWith(record, thrown));
      }
    };
  };
  const implement = (method: GrpcMethod) =>
    method.kind === "stream" ? openStream(method) : answerUnary(method);
  return {
    definition: Object.fromEntries(methods.map((method) => [method.path, define(method)])),
    implementation: Object.fromEntries(methods.map((method) => [method.path, implement(method)])),
  };
}

type StreamMethod = Extract<GrpcMethod, { readonly kind: "stream" }>;
type UnaryMethod = Extract<GrpcMethod, { readonly kind: "unary" }>;

function define({ path, kind }: GrpcMethod): ServiceDefinition[string] {
  const asTheyAre = (bytes: Buffer) => bytes;
  return {
    path,
    requestStream: false,
    responseStream: kind === "stream",
    requestSerialize: asTheyAre,
    requestDeserialize: (bytes: Buffer): Envelope => ({ bytes }),
    responseSerialize: asTheyAre,
    responseDeserialize: asTheyAre,
  };
}

function metadataOf({ requestId }: CallRecord): Metadata {
  const metadata = new Metadata();
  metadata.set("x-request-id", requestId);
  return metadata;
}
