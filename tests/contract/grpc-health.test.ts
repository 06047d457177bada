import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GrpcClient } from "../support/grpc/grpc-client.ts";
import { halfPlusTwo } from "../support/onnx/tensor-models.ts";
import { type StartedServer, startServer } from "../support/start-server.ts";

let started: StartedServer;
let client: GrpcClient;
beforeAll(async () => {
  started = await startServer({ files: { "model.onnx": halfPlusTwo() }, flags: ["--grpc-port=0"] });
  client = new GrpcClient(started.server.grpcPort ?? 0);
});
afterAll(async () => {
  client.close();
  await started.close();
});

const HEALTH = "grpc.health.v1.Health";
const MODELS = "tensorflow.serving.ModelService";

describe("the health service", () => {
  test.each([
    "",
    "tensorflow.serving.PredictionService",
    "tensorflow.serving.ModelService",
    "inference.GRPCInferenceService",
  ])("says that '%s' serves", async (service) => {
    expect((await client.call(`${HEALTH}/Check`, { service })).message).toEqual({ status: "SERVING" });
  });

  test("knows no other service", async () => {
    expect((await client.call(`${HEALTH}/Check`, { service: "z" })).status).toBe("NOT_FOUND");
  });

  test("tells watchers of another service that it is unknown, and waits", async () => {
    const watching = client.watch(`${HEALTH}/Watch`, { service: "z" });
    const [first] = await new Promise<unknown[]>((resolve) =>
      watching.once("data", (...got) => resolve(got)),
    );
    expect(first).toEqual({ status: "SERVICE_UNKNOWN" });
    watching.on("error", () => {});
    watching.cancel();
  });

  test("is logged at debug only", async () => {
    await client.call(`${HEALTH}/Check`, {});
    while (!started.log.some(({ route }) => route === `/${HEALTH}/Check`)) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(started.log.find(({ route }) => route === `/${HEALTH}/Check`)?.level).toBe("debug");
  });
});

describe("the model service", () => {
  const status = (model_spec: object | undefined) =>
    client.call(`${MODELS}/GetModelStatus`, { ...(model_spec === undefined ? {} : { model_spec }) });

  test.each([[{ name: "model" }], [{ name: "model", version: { value: "1" } }]])(
    "tells the state of the versions of %j",
    async (spec) => {
      expect((await status(spec)).message.model_version_status).toEqual([
        { version: "1", state: "AVAILABLE", status: { error_code: 0, error_message: "" } },
      ]);
    },
  );

  test.each([
    ["an unknown model", { name: "z" }, "NOT_FOUND"],
    ["an unknown version", { name: "model", version: { value: "2" } }, "NOT_FOUND"],
    ["an unknown label", { name: "model", version_label: "stable" }, "INVALID_ARGUMENT"],
    ["no model", undefined, "INVALID_ARGUMENT"],
  ])("refuses a question for %s", async (_, spec, code) => {
    expect((await status(spec)).status).toBe(code);
  });

  test("takes no configuration, and says why", async () => {
    const reply = await client.call(`${MODELS}/HandleReloadConfigRequest`, {});
    expect(reply).toMatchObject({ status: "UNIMPLEMENTED", details: expect.stringContaining("settings") });
  });
});
