import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { StartupError } from "../../../src/errors.ts";
import { chooseVersions, type VersionPolicy } from "../../../src/model/model-config.ts";
import { readModelConfig, requireLabels } from "../../../src/model/read-model-config.ts";
import { temporaryModelFolder } from "../../support/model-folder.ts";

const read = (text: string) =>
  readModelConfig(join(temporaryModelFolder({ "models.config": text }), "models.config"));

const config = (lines: string) => `model_config_list {\n  config {\n${lines}\n  }\n}\n`;

const NAMED = 'name: "tiles"\nbase_path: "/models/tiles"';

/** What stands behind the path of the file. */
function refused(text: string): string {
  try {
    read(text);
  } catch (error) {
    expect(error).toBeInstanceOf(StartupError);
    return (error as Error).message.replace(/^.*models\.config: /, "");
  }
  throw new Error("it was read");
}

describe("readModelConfig", () => {
  test("reads a file as TensorFlow Serving's documentation writes it", () => {
    const models = read(`
      # two models
      model_config_list {
        config {
          name: 'first'
          base_path: '/models/first'
          model_platform: 'tensorflow'
          model_version_policy { specific { versions: 42 versions: 43 } }
          version_labels { key: 'stable' value: 42 }
          version_labels { key: 'canary' value: 43 }
          logging_config { log_collector_config { type: "x" } }
        }
        config: { name: "second", base_path: "/models/second", model_platform: "onnx" }
      }`);
    expect(models).toEqual([
      {
        name: "first",
        basePath: "/models/first",
        policy: { kind: "specific", versions: [42, 43] },
        labels: new Map([
          ["stable", 42],
          ["canary", 43],
        ]),
      },
      { name: "second", basePath: "/models/second", policy: { kind: "latest", count: 1 }, labels: new Map() },
    ]);
  });

  test.each([
    ["", { kind: "latest", count: 1 }],
    ["model_version_policy { }", { kind: "latest", count: 1 }],
    ["model_version_policy { latest { } }", { kind: "latest", count: 1 }],
    ["model_version_policy { latest { num_versions: 0 } }", { kind: "latest", count: 1 }],
    ["model_version_policy: { latest: { num_versions: 3 } }", { kind: "latest", count: 3 }],
    ["model_version_policy { all { } }", { kind: "all" }],
    [
      "model_version_policy { specific { versions: [7, 007, 9] } }",
      { kind: "specific", versions: [7, 7, 9] },
    ],
  ])("reads the policy %j", (lines, policy) => {
    expect(read(config(`${NAMED}\n${lines}`))[0].policy).toEqual(policy);
  });

  test.each([
    [
      "an unknown key",
      `${NAMED}\nbase_paths: "/x"`,
      "line 5: the key base_paths is not known; known are name, base_path, model_platform, model_version_policy, version_labels, logging_config",
    ],
    [
      "an unknown key of a policy",
      `${NAMED}\nmodel_version_policy { newest { } }`,
      "line 5: the key newest is not known; known are latest, all, specific",
    ],
    ["a model without a name", 'base_path: "/x"', "line 2: the model has no name: add name: ..."],
    ["a model without a path", 'name: "x"', 'line 2: base_path of x must be an absolute path, got ""'],
    [
      "a relative path",
      'name: "x"\nbase_path: "models/x"',
      'line 2: base_path of x must be an absolute path, got "models/x"',
    ],
    [
      "another platform",
      `${NAMED}\nmodel_platform: "caffe"`,
      'line 2: model_platform must be one of onnx, tensorflow, or absent, got "caffe"',
    ],
    [
      "two policies",
      `${NAMED}\nmodel_version_policy { all { } latest { } }`,
      "line 5: model_version_policy takes one of latest, all and specific",
    ],
    [
      "no versions",
      `${NAMED}\nmodel_version_policy { specific { } }`,
      "line 5: specific names no version: add versions: ...",
    ],
    [
      "a version that is no number",
      `${NAMED}\nmodel_version_policy { specific { versions: one } }`,
      'line 5: versions must be a whole number from 0 to 999999999999999, got "one"',
    ],
    [
      "a policy that is a value",
      `${NAMED}\nmodel_version_policy: "all"`,
      "line 5: model_version_policy must be a message, got a value; write model_version_policy { latest ... }",
    ],
    ["a name that is a message", "name { }", "line 3: name must be a value, got a message; write name: ..."],
    ["a key twice", `${NAMED}\nname: "y"`, "line 5: name stands there twice"],
    [
      "a label without a version",
      `${NAMED}\nversion_labels { key: "a" }`,
      "line 5: a label has a key and a value",
    ],
    [
      "a label twice",
      `${NAMED}\nversion_labels { key: "a" value: 1 }\nversion_labels { key: "a" value: 2 }`,
      "line 6: the label a stands there twice",
    ],
    [
      "a label of a version that is never served",
      `${NAMED}\nmodel_version_policy { specific { versions: 1 } }\nversion_labels { key: "a" value: 2 }`,
      "line 6: the label a stands for version 2, which is not served: add it to specific",
    ],
  ])("refuses %s", (_, lines, message) => {
    expect(refused(config(lines))).toBe(message);
  });

  test.each([
    ["nothing", "", "line 1: there is no model_config_list { config { ... } }"],
    [
      "a list without a model",
      "model_config_list { }",
      "line 1: model_config_list names no model: add config { name base_path }",
    ],
    [
      "another message",
      "custom_model_config { }",
      "line 1: the key custom_model_config is not known; known are model_config_list",
    ],
    ["what is no text format", "model_config_list {\n  config {", "expected a field's name, got the end"],
    [
      "two models of one name",
      'model_config_list {\nconfig { name: "x" base_path: "/x" }\nconfig { name: "x" base_path: "/y" }\n}',
      "line 3: the name x stands there twice",
    ],
  ])("refuses %s", (_, text, message) => {
    expect(refused(text)).toBe(message);
  });

  test("refuses a file that is not there", () => {
    expect(() => readModelConfig("/nowhere/models.config")).toThrow(
      /models\.config does not exist: check its path$/,
    );
  });
});

describe("chooseVersions", () => {
  test.each<[VersionPolicy, number[], number[]]>([
    [{ kind: "latest", count: 1 }, [1, 10, 9], [10]],
    [{ kind: "latest", count: 2 }, [1, 10, 9], [10, 9]],
    [{ kind: "latest", count: 5 }, [1, 10], [10, 1]],
    [{ kind: "all" }, [1, 10, 9, 9], [10, 9, 1]],
    [{ kind: "specific", versions: [1, 9, 11] }, [1, 10, 9], [9, 1]],
    [{ kind: "all" }, [], []],
  ])("by %j of %j is %j", (policy, present, chosen) => {
    expect(chooseVersions(policy, present)).toEqual(chosen);
  });
});

describe("requireLabels", () => {
  const model = {
    name: "x",
    basePath: "/x",
    policy: { kind: "all" },
    labels: new Map([["stable", 2]]),
  } as const;

  test("takes labels of versions that answer, and no others", () => {
    expect(() => requireLabels(model, [1, 2])).not.toThrow();
    expect(() => requireLabels(model, [1, 3])).toThrow(
      "the label stable of model x stands for version 2, which is not AVAILABLE: 1, 3 is",
    );
  });
});
