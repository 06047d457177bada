import { dirname, isAbsolute } from "node:path";
import { excerpt, StartupError } from "../errors.ts";
import { MessageReader } from "./message-reader.ts";
import { LATEST_ONLY, MAX_FOLDER_VERSION, type ModelConfig, type VersionPolicy } from "./model-config.ts";

const CONFIG_KEYS = [
  "name",
  "base_path",
  "model_platform",
  "model_version_policy",
  "version_labels",
  "logging_config",
];

/** TensorFlow Serving's files say `tensorflow`, whatever is in the folder now. */
const PLATFORMS = ["onnx", "tensorflow"];

const MAX_VERSIONS = 1000;

/**
 * Returns the models of a MODEL_CONFIG_FILE, in its order. At least one.
 *
 * @throws {StartupError} one line that says the file, the line and the key at fault.
 * @see tensorflow/serving `config/model_server_config.proto`, `sources/storage_path/file_system_storage_path_source.proto`
 */
export function readModelConfig(path: string): readonly [ModelConfig, ...ModelConfig[]] {
  const file = MessageReader.ofFile(path, dirname(path), ["model_config_list"]);
  const list = file.message("model_config_list", ["config"]);
  if (list === undefined) throw file.error("there is no model_config_list { config { ... } }");
  const names = new Set<string>();
  const configs = list.messages("config", CONFIG_KEYS).map((config) => {
    const model = readConfig(config);
    if (names.has(model.name)) throw config.error(`the name ${excerpt(model.name)} stands there twice`);
    names.add(model.name);
    return model;
  });
  const [first, ...others] = configs;
  if (first === undefined)
    throw list.error("model_config_list names no model: add config { name base_path }");
  return [first, ...others];
}

function readConfig(config: MessageReader): ModelConfig {
  const name = config.text("name") ?? "";
  if (name === "") throw config.error("the model has no name: add name: ...");
  const basePath = config.text("base_path") ?? "";
  if (!isAbsolute(basePath)) {
    throw config.error(`base_path of ${excerpt(name)} must be an absolute path, got "${excerpt(basePath)}"`);
  }
  const platform = config.text("model_platform") ?? "onnx";
  if (!PLATFORMS.includes(platform)) {
    throw config.error(
      `model_platform must be one of ${PLATFORMS.join(", ")}, or absent, got "${excerpt(platform)}"`,
    );
  }
  const policy = readPolicy(config);
  return { name, basePath, policy, labels: readLabels(config, policy) };
}

function readPolicy(config: MessageReader): VersionPolicy {
  const policy = config.message("model_version_policy", ["latest", "all", "specific"]);
  if (policy === undefined) return LATEST_ONLY;
  const latest = policy.message("latest", ["num_versions"]);
  const all = policy.message("all", []);
  const specific = policy.message("specific", ["versions"]);
  if ([latest, all, specific].filter((one) => one !== undefined).length > 1) {
    throw policy.error("model_version_policy takes one of latest, all and specific");
  }
  if (all !== undefined) return { kind: "all" };
  if (specific !== undefined) {
    const versions = specific.integers("versions", 0, MAX_FOLDER_VERSION);
    if (versions.length > 0) return { kind: "specific", versions };
    throw specific.error("specific names no version: add versions: ...");
  }
  // 0 is what protobuf takes for absent.
  return { kind: "latest", count: latest?.integer("num_versions", 0, MAX_VERSIONS) || 1 };
}

function readLabels(config: MessageReader, policy: VersionPolicy): ReadonlyMap<string, number> {
  const labels = new Map<string, number>();
  for (const entry of config.messages("version_labels", ["key", "value"])) {
    const label = entry.text("key") ?? "";
    const version = entry.integer("value", 0, MAX_FOLDER_VERSION);
    if (label === "" || version === undefined) throw entry.error("a label has a key and a value");
    if (labels.has(label)) throw entry.error(`the label ${excerpt(label)} stands there twice`);
    if (policy.kind === "specific" && !policy.versions.includes(version)) {
      throw entry.error(
        `the label ${excerpt(label)} stands for version ${version}, which is not served: add it to specific`,
      );
    }
    labels.set(label, version);
  }
  return labels;
}

/** @throws {StartupError} when a label stands for a version that is not served. */
export function requireLabels({ name, labels }: ModelConfig, available: readonly number[]): void {
  for (const [label, version] of labels) {
    if (available.includes(version)) continue;
    throw new StartupError(
      `the label ${excerpt(label)} of model ${excerpt(name)} stands for version ${version}, which is not AVAILABLE: ${available.join(", ") || "none"} is`,
    );
  }
}

/** @throws {StartupError} when there are versions, and the policy asks for none of them. */
export function requireVersions({ name, basePath }: ModelConfig, wanted: readonly number[]): void {
  if (wanted.length > 0) return;
  throw new StartupError(
    `${basePath} holds none of the versions of model ${excerpt(name)} that model_version_policy names`,
  );
}
