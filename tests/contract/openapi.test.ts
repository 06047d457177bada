import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { SIGNATURE_NAMES } from "../../src/signature/head.ts";
import { DescribedServer, type ListedOperation } from "../support/api-document.ts";
import { digitPng } from "../support/digits.ts";
import { exampleDir } from "../support/examples.ts";
import { request } from "../support/http-client.ts";
import { type FolderFiles, temporaryModelFolder, writeModelFolder } from "../support/model-folder.ts";
import { torchvision } from "../support/onnx/detectors.ts";
import { bandMeans, classifier, segmentation } from "../support/onnx/image-models.ts";
import { halfPlusTwo, noBatchAxis, severalOutputs } from "../support/onnx/tensor-models.ts";
import { type StartedServer, type StartOptions, startServer } from "../support/start-server.ts";

async function start(options: StartOptions = {}): Promise<StartedServer> {
  const started = await startServer(options);
  onTestFinished(() => started.close());
  return started;
}

/** Returns the operations with a body in JSON, each with the document's examples of it, by the model. */
function examplesOf({ operations }: DescribedServer): [ListedOperation, model: string, body: object][] {
  return operations.flatMap((operation) =>
    Object.entries(operation.requestBody?.content["application/json"]?.examples ?? {}).map(
      ([key, { value }]): [ListedOperation, string, object] => [operation, key, value as object],
    ),
  );
}

/** A model of one version has no label. */
const isAnswered = ({ path }: ListedOperation) => !path.includes("{label}");

const LABELS = "red\ngreen\nblue\n";

/** Every task, each of a kind of its own. */
const FILES: FolderFiles = {
  "segmentation/model.onnx": segmentation(),
  "detector/model.onnx": torchvision({ isBatched: false }),
  "detector/labels.txt": LABELS,
  "bands/model.onnx": bandMeans(),
  "bands/serving.json": { task: "generic", preprocess: { rescale_factor: 1 } },
  "outputs/model.onnx": severalOutputs(),
  "table/model.onnx": noBatchAxis(),
  "composed/detector/model.onnx": torchvision(),
  "composed/classifier/model.onnx": classifier(),
  "composed/serving.json": {
    nodes: {
      detect: { model: "detector", from: "image" },
      crops: { step: "crop", from: "detect.boxes" },
      classify: { model: "classifier", from: "crops" },
    },
    outputs: { boxes: "detect.boxes", colors: "classify.class" },
  },
};
const MULTI_LABEL = exampleDir("multi-label");

describe("/openapi.json of models of every task", () => {
  let started: StartedServer;
  let described: DescribedServer;
  let folder: string;
  beforeAll(async () => {
    folder = writeModelFolder(FILES);
    const names = [...new Set(Object.keys(FILES).map((path) => path.split("/", 1)[0] ?? ""))];
    const places = [["multi-label", MULTI_LABEL], ...names.map((name) => [name, join(folder, name)])];
    const configs = places.map(
      ([name, place]) => `config { name: "${name}" base_path: "${place}" model_platform: "onnx" }`,
    );
    const file = join(folder, "models.config");
    writeFileSync(file, `model_config_list { ${configs.join("\n")} }`);
    const flags = ["--inference-lanes=1", "--max-batch-size=2"];
    started = await startServer({ source: `--model-config-file=${file}`, flags });
    described = await DescribedServer.read(started.url);
  });
  afterAll(async () => {
    await started.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test("is a valid document of OpenAPI 3.1", async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(structuredClone(described.document) as never);
    expect([errors, valid, validator.version]).toEqual([undefined, true, "3.1"]);
  });

  test("has examples for each model that it says the answers of, 200 where the model has such a task", async () => {
    const asked = examplesOf(described).filter(
      ([operation, key]) =>
        isAnswered(operation) && (key === "multi-label" || operation.path.includes("{name}")),
    );
    const predict = asked.filter(([{ operationId }]) => operationId === "predict");
    expect(predict.length).toBe(7);
    const problems: unknown[] = [];
    for (const [operation, model, body] of asked) {
      const answer = await described.ask(operation, { model, body });
      problems.push(...described.problems(operation, answer));
      const isForTask = /:(classify|regress)$/.test(operation.path);
      if (answer.status !== 200 && !isForTask) problems.push([model, operation.path, answer.text]);
    }
    expect(problems).toEqual([]);
  });

  test("says what each signature of each model answers", async () => {
    const { schemas } = described.document.components;
    const predict = described.operation("predict");
    const problems: unknown[] = [];
    for (const [operation, model, body] of examplesOf(described)) {
      if (operation.operationId !== "predict") continue;
      const names = Object.keys(schemas).filter((name) => name.startsWith(`${model}.`));
      const signatures = SIGNATURE_NAMES.filter((name) => names.includes(`${model}.${name}`));
      expect(signatures.length).toBeGreaterThan(0);
      for (const signature_name of signatures) {
        const answer = await described.ask(predict, { model, body: { ...body, signature_name } });
        const [prediction] = (answer.json.predictions as unknown[] | undefined) ?? [];
        problems.push(...described.mismatches(`${model}.${signature_name}`, prediction));
        if (answer.status !== 200) problems.push([model, signature_name, answer.text]);
      }
    }
    expect(problems).toEqual([]);
  });

  test("says what is answered without a body", async () => {
    const problems: unknown[] = [];
    for (const operation of described.operations) {
      if (operation.requestBody !== undefined || !isAnswered(operation)) continue;
      const models = operation.path.includes("{name}") ? ["multi-label", "detector", "composed"] : ["-"];
      for (const model of models) {
        const answer = await described.ask(operation, { model });
        problems.push(...described.problems(operation, answer));
        if (answer.status !== 200) problems.push([operation.path, answer.text]);
      }
    }
    expect(problems).toEqual([]);
  });
});

describe("/openapi.json", () => {
  test("says what faults are answered", async () => {
    const described = await DescribedServer.read((await start()).url);
    const faults: readonly { body?: string | Buffer; headers?: Record<string, string> }[] = [
      { body: "{" },
      { body: "[]" },
      { body: '{"instances":[]}' },
      { body: '{"instances":[{"image_bytes":{"b64":"%"}}]}' },
      { body: '{"payload":{"inputs":{"data":"%"}}}' },
      { body: "<html></html>" },
      { body: digitPng(1), headers: { "content-encoding": "zstd" } },
      { body: digitPng(1).subarray(0, 90) },
      { body: digitPng(1), headers: { accept: "image/png" } },
      { body: digitPng(1), headers: { host: "" } },
    ];
    const problems: unknown[] = [];
    const statuses = new Set<number>();
    // Versions and labels answer as the model itself does.
    const asked = described.operations.filter(
      ({ path, requestBody }) => requestBody !== undefined && !/version|label/.test(path),
    );
    for (const operation of asked) {
      for (const fault of [...faults, { body: digitPng(1), model: "lynx" }]) {
        const answer = await described.ask(operation, fault);
        statuses.add(answer.status);
        problems.push(...described.problems(operation, answer));
      }
    }
    expect(problems).toEqual([]);
    expect([...statuses].toSorted()).toEqual([200, 400, 404, 406, 415, 422]);
  });

  test("says what a server answers that is not ready, which has no models to describe", async () => {
    const { url } = await start({ load: false });
    const described = await DescribedServer.read(url);
    const statuses = new Set<number>();
    const problems: unknown[] = [];
    for (const operation of described.operations) {
      const body = operation.requestBody === undefined ? {} : { body: digitPng(1) };
      const answer = await described.ask(operation, body);
      statuses.add(answer.status);
      problems.push(...described.problems(operation, answer));
    }
    expect(problems).toEqual([]);
    // 400: nothing is known yet of a label.
    expect([...statuses].toSorted()).toEqual([200, 400, 503]);
    const validator = new Validator();
    expect(await validator.validate(structuredClone(described.document) as never)).toMatchObject({
      valid: true,
    });
  });

  test("is another one when the model is loaded, and until then and from then on the same", async () => {
    const { server, url } = await start({ load: false });
    const ask = (etag?: string | undefined) =>
      request(`${url}/openapi.json`, { headers: etag === undefined ? {} : { "if-none-match": etag } });
    const before = await ask();
    expect((await ask(before.headers.etag)).status).toBe(304);
    await server.load();
    const after = await ask(before.headers.etag);
    expect([after.status, after.text === before.text]).toEqual([200, false]);
    expect((await ask(after.headers.etag)).status).toBe(304);
  });

  test("describes each of several models in each of its versions", async () => {
    const folder = temporaryModelFolder({
      "a b/1/model.onnx": classifier(),
      "a b/1/labels.txt": "red\ngreen\nblue\n",
      "a b/2/model.onnx": halfPlusTwo(),
      "lynx/model.onnx": segmentation(),
    });
    const config = `model_config_list { ${["a b", "lynx"]
      .map(
        (name) =>
          `config { name: "${name}" base_path: "${folder}/${name}" model_platform: "tensorflow" model_version_policy { all {} } }`,
      )
      .join(" ")} }`;
    const file = temporaryModelFolder({ "models.config": config });
    const { url } = await start({ source: `--model-config-file=${file}/models.config` });
    const described = await DescribedServer.read(url);
    const { components } = described.document;
    expect(Object.keys(components.schemas)).toEqual(
      expect.arrayContaining(["a_b.Prediction", "a_b.1.Prediction", "a_b.1.Label", "lynx.mask"]),
    );
    const predict = described.operation("predict");
    const examples = predict.requestBody?.content["application/json"]?.examples ?? {};
    expect(Object.keys(examples)).toEqual(["a_b", "a_b.1", "lynx"]);
    for (const [key, { value }] of Object.entries(examples)) {
      const version = key === "a_b.1" ? "predictVersion" : "predict";
      const model = key === "lynx" ? "lynx" : "a%20b";
      const operation = described.operation(version);
      const answer = await described.ask(operation, { model, body: value as object });
      expect([answer.status, described.problems(operation, answer)]).toEqual([200, []]);
    }
  });

  test("has the routes that the settings name, of which the first of equal ones answers", async () => {
    const flags = [
      "--flash-routes=/a/b,/predict",
      "--aip-predict-route=/predict",
      "--aip-health-route=/ping",
    ];
    const { document } = await DescribedServer.read((await start({ flags })).url);
    const ids = (path: string) =>
      Object.entries(document.paths[path] ?? {}).map(([method, { operationId }]) => [method, operationId]);
    expect([ids("/a/b"), ids("/predict"), ids("/ping"), ids("/classify")]).toEqual([
      [["post", "flash_a_b"]],
      [["post", "vertexPredict"]],
      [["get", "vertexHealth"]],
      [],
    ]);
  });

  test("names each operation once", async () => {
    const { operations } = await DescribedServer.read((await start({ load: false })).url);
    const ids = operations.map(({ operationId }) => operationId);
    expect(ids.filter((id, i) => ids.indexOf(id) < i)).toEqual([]);
  });

  test("is not there with DOCS=off, and no more is the page", async () => {
    const { url } = await start({ load: false, flags: ["--docs=off"] });
    for (const path of ["/openapi.json", "/docs", "/docs/start.js"]) {
      const { status, json } = await request(url + path);
      expect([path, status, json.code]).toEqual([path, 404, "NOT_FOUND"]);
    }
    expect((await request(`${url}/`, { method: "OPTIONS" })).status).toBe(204);
  });
});
