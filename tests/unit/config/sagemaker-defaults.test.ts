import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseSettings } from "../../../src/config/parse-settings.ts";
import { sagemakerDefaults } from "../../../src/config/sagemaker-defaults.ts";
import { temporaryModelFolder } from "../../support/model-folder.ts";

function listFolder(path: string): readonly string[] | undefined {
  try {
    return readdirSync(path);
  } catch {
    return undefined;
  }
}

const of = (root: string, isServe = true) => sagemakerDefaults({ isServe, listFolder, root });

describe("sagemakerDefaults", () => {
  test("is port 8080 and the folder of the model where SageMaker has put one", () => {
    const root = temporaryModelFolder({ "model/model.onnx": "" });
    expect(of(root)).toEqual({ port: "8080", modelDir: join(root, "model") });
  });

  test("is port 8080 alone where the model's folder is empty or missing", () => {
    const root = temporaryModelFolder({ "input/x": "" });
    expect(of(root)).toEqual({ port: "8080" });
    mkdirSync(join(root, "model"));
    expect(of(root)).toEqual({ port: "8080" });
  });

  test("is nothing without SageMaker's folder, and without the word serve", () => {
    const root = temporaryModelFolder({ "model/model.onnx": "" });
    expect(of(join(root, "none"))).toEqual({});
    expect(of(root, false)).toEqual({});
  });

  test("looks at /opt/ml", () => {
    const asked: string[] = [];
    const list = (path: string) => {
      asked.push(path);
      return ["x"];
    };
    expect(sagemakerDefaults({ isServe: true, listFolder: list })).toEqual({
      port: "8080",
      modelDir: "/opt/ml/model",
    });
    expect(asked).toEqual(["/opt/ml", "/opt/ml/model"]);
  });

  test("gives way to variables and flags", () => {
    const defaults = { port: "8080", modelDir: "/opt/ml/model" };
    expect(parseSettings([], {}, defaults)).toMatchObject({ port: 8080, modelDir: "/opt/ml/model" });
    expect(parseSettings(["--port=1"], { MODEL_DIR: "m" }, defaults)).toMatchObject({
      port: 1,
      modelDir: "m",
    });
  });
});
