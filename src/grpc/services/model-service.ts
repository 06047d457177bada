import { status } from "@grpc/grpc-js";
import { excerpt, ServingError } from "../../errors.ts";
import type { VersionState, VersionStatus } from "../../protocol/tfs-status.ts";
import type { AskedModel } from "../../serving/model-directory.ts";
import type { GrpcApi } from "../grpc-api.ts";
import { type GrpcMethod, takeMessage } from "../grpc-method.ts";
import { type ModelSpec, readModelSpec, requireModelSpec } from "../messages/model-spec.ts";
import { MessageReader } from "../wire/message-reader.ts";
import { MessageWriter } from "../wire/message-writer.ts";

const SERVICE = "/tensorflow.serving.ModelService";

/** @see tensorflow/serving `apis/get_model_status.proto` ModelVersionStatus.State */
const NUMBER_OF: Readonly<Record<VersionState, number>> = {
  UNKNOWN: 0,
  START: 10,
  LOADING: 20,
  AVAILABLE: 30,
  UNLOADING: 40,
  END: 50,
};

/** Returns the methods of TensorFlow Serving's ModelService. */
export function modelService(api: GrpcApi): readonly GrpcMethod[] {
  return [
    {
      kind: "unary",
      path: `${SERVICE}/GetModelStatus`,
      isQuiet: true,
      answer: ({ call }) => {
        const versions = findVersions(api, readSpec(takeMessage(call)).asked);
        const message = new MessageWriter();
        for (const version of versions) message.message(1, writeVersion(version));
        return message.finish();
      },
    },
    {
      kind: "unary",
      path: `${SERVICE}/HandleReloadConfigRequest`,
      answer: () => {
        const text =
          "what is served is fixed by the server's settings: whoever reaches a port for predictions can't change it";
        throw new ServingError("METHOD_NOT_ALLOWED", text);
      },
    },
  ];
}

function readSpec(bytes: Buffer): ModelSpec {
  const reader = new MessageReader(bytes);
  let spec: ModelSpec | undefined;
  for (let field = reader.next(); field !== 0; field = reader.next()) {
    if (field === 1) spec = readModelSpec(reader.message());
  }
  return requireModelSpec(spec);
}

function findVersions({ models }: GrpcApi, asked: AskedModel): readonly VersionStatus[] {
  const { name } = asked;
  const all = models.versions(name);
  if (all === undefined) {
    throw new ServingError("NOT_FOUND", `Could not find any versions of model ${excerpt(name)}`);
  }
  // Only a version that answers has a label.
  const version = asked.label === undefined ? asked.version : BigInt(models.find(asked).servable.version);
  if (version === undefined) return all;
  const found = all.filter((one) => BigInt(one.version) === version);
  if (found.length > 0) return found;
  throw new ServingError("NOT_FOUND", `Could not find version ${version} of model ${excerpt(name)}`);
}

function writeVersion({ version, state, error }: VersionStatus): MessageWriter {
  // Always there, as TensorFlow Serving has it: empty where all is well.
  const result = new MessageWriter()
    .integer(1, error === undefined ? status.OK : canonicalCode(error.code))
    .text(2, error?.message ?? "");
  return new MessageWriter().integer(1, BigInt(version)).integer(2, NUMBER_OF[state]).message(3, result);
}

/** TensorFlow's codes are gRPC's. @see tensorflow `tsl/protobuf/error_codes.proto` */
function canonicalCode(name: string): number {
  return (status as unknown as Readonly<Record<string, number | undefined>>)[name] ?? status.UNKNOWN;
}
