import { describe, expect, test } from "vitest";
import { parseSettings } from "../../../src/config/parse-settings.ts";
import { flagName, SETTINGS, variableName } from "../../../src/config/setting-table.ts";
import type { Settings } from "../../../src/config/settings.ts";
import { refusal } from "../../support/onnx/refusal.ts";

const NAMES = Object.keys(SETTINGS) as (keyof Settings)[];

/** Returns the one line that these flags and variables are refused with. */
const refused = (flags: string[], environment: NodeJS.ProcessEnv = {}) =>
  refusal("-", () => parseSettings(flags, environment));

describe("parseSettings", () => {
  test("gives the defaults when nothing is set", () => {
    expect(parseSettings([], {})).toEqual({
      modelDir: "model_dir",
      modelName: "model",
      modelFile: undefined,
      maxArchiveBytes: 8 * 1024 ** 3,
      host: "0.0.0.0",
      port: 8501,
      device: "auto",
      cudaDevices: undefined,
      maxBatchSize: undefined,
      modelBasePath: undefined,
      modelConfigFile: undefined,
      fileSystemPollWaitSeconds: 0,
      batchingParametersFile: undefined,
      allowedBatchSizes: undefined,
      batchTimeoutMicros: 0,
      targetLatencyMs: undefined,
      maxEnqueuedInstances: 1024,
      maxEnqueuedBytes: 256 * 1024 * 1024,
      compressMinBytes: 65_536,
      maxBodyBytes: 64 * 1024 * 1024,
      maxInstances: 1024,
      maxImagePixels: 50_000_000,
      maxKeptPixelBytes: 512 * 2 ** 20,
      requestTimeoutMs: 30_000,
      receiveTimeoutMs: 60_000,
      imageTimeoutMs: 10_000,
      inferenceLanes: undefined,
      intraOpThreads: undefined,
      imageWorkers: undefined,
      keepAliveMs: 75_000,
      drainDelayMs: 5000,
      maxUnsentBytes: 256 * 1024 * 1024,
      sendTimeoutMs: 60_000,
      shutdownTimeoutMs: 28_000,
      onBadInstance: undefined,
      defaultSignature: undefined,
      flashRoutes: "/predict,/classify,/detect",
      docs: "on",
      corsOrigin: "*",
      console: "on",
      logLevel: "info",
      otelSdkDisabled: "false",
      otelExporterOtlpProtocol: "http/protobuf",
      otelExporterOtlpTimeout: 10_000,
      otelTracesExporter: "otlp",
      otelMetricsExporter: "otlp",
      otelTracesSampler: "parentbased_always_on",
      otelTracesSamplerArg: 1,
      otelBspMaxQueueSize: 2048,
      otelBspScheduleDelay: 5000,
      otelMetricExportInterval: 60_000,
    });
  });

  test("can't be changed afterwards", () => {
    expect(Object.isFrozen(parseSettings([], {}))).toBe(true);
  });

  test("reads variables", () => {
    const settings = parseSettings([], { MODEL_DIR: "/models/tiles", MAX_BATCH_SIZE: "16", DEVICE: "cuda" });
    expect(settings).toMatchObject({ modelDir: "/models/tiles", maxBatchSize: 16, device: "cuda" });
  });

  test.each([
    ["--max-batch-size=16", ["--max-batch-size=16"]],
    ["--max-batch-size 16", ["--max-batch-size", "16"]],
  ])("reads a flag written %s", (_, flags) => {
    expect(parseSettings(flags, {}).maxBatchSize).toBe(16);
  });

  test("takes the flag before the variable, the variable before the default", () => {
    expect(parseSettings(["--port=1"], { PORT: "2" }).port).toBe(1);
    expect(parseSettings([], { PORT: "2" }).port).toBe(2);
  });

  test("takes the last of repeated flags", () => {
    expect(parseSettings(["--port=1", "--port=2"], {}).port).toBe(2);
  });

  test("takes an equals sign in a value as part of it", () => {
    expect(parseSettings(["--model-dir=a=b"], {}).modelDir).toBe("a=b");
  });

  test("takes a value that begins with a dash behind an equals sign", () => {
    expect(parseSettings(["--model-name=-x"], {}).modelName).toBe("-x");
  });

  test.each(["PORT", "MAX_BATCH_SIZE", "MODEL_FILE", "ON_BAD_INSTANCE", "MAX_BODY_BYTES"])(
    "takes an empty variable as unset: %s",
    (variable) => {
      expect(parseSettings([], { [variable]: "" })).toEqual(parseSettings([], {}));
    },
  );

  test("ignores variables that are not its own", () => {
    expect(parseSettings([], { HOME: "/root", MAX_BATCH: "x" })).toEqual(parseSettings([], {}));
  });

  test.each([
    ["4096", 4096],
    ["1KiB", 1024],
    ["3MiB", 3 * 1024 ** 2],
    ["2GiB", 2 * 1024 ** 3],
  ])("reads %s as bytes", (text, bytes) => {
    expect(parseSettings([], { MAX_ENQUEUED_BYTES: text }).maxEnqueuedBytes).toBe(bytes);
  });

  test.each([
    ["a bare number", "8 MiB"],
    ["a decimal unit", "8MB"],
    ["a fraction", "1.5MiB"],
    ["a lower-case unit", "8mib"],
    ["less than the least", "1023"],
    ["more than the most", "65GiB"],
  ])("refuses bytes that are %s", (_, text) => {
    expect(refused([], { MAX_ENQUEUED_BYTES: text })).toBe(
      `MAX_ENQUEUED_BYTES must be a number of bytes (such as 1048576 or 1MiB) from 1024 to 68719476736, got "${text}"`,
    );
  });

  test.each(["0", "4097", "-1", "1.5", "1e3", " 8", "8 ", "0x10", "eight", "NaN", "9".repeat(20)])(
    "refuses %j as a whole number",
    (text) => {
      expect(refused([], { MAX_BATCH_SIZE: text })).toBe(
        `MAX_BATCH_SIZE must be a whole number from 1 to 4096, got "${text}"`,
      );
    },
  );

  test.each([
    ["0", 0],
    ["1", 1],
    ["0.25", 0.25],
  ])("reads %s as a number that may have decimals", (text, value) => {
    expect(parseSettings([], { OTEL_TRACES_SAMPLER_ARG: text }).otelTracesSamplerArg).toBe(value);
  });

  test.each(["1.01", "-0.5", ".5", "1e-1", "half", "50%"])(
    "refuses %j as a number that may have decimals",
    (text) => {
      expect(refused([], { OTEL_TRACES_SAMPLER_ARG: text })).toBe(
        `OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1, got "${text}"`,
      );
    },
  );

  test("takes both bounds of every number", () => {
    for (const name of NAMES) {
      const row = SETTINGS[name];
      if (row.kind !== "integer" && row.kind !== "bytes") continue;
      for (const bound of [row.min, row.max]) {
        expect(parseSettings([], { [variableName(name)]: String(bound) })[name]).toBe(bound);
        const past = bound === row.min ? row.min - 1 : row.max + 1;
        expect(refused([`--${flagName(name)}=${past}`])).toContain(`--${flagName(name)} must be`);
      }
    }
  });

  test("takes every choice and refuses others, naming them all", () => {
    expect(parseSettings([], { DEVICE: "cpu" }).device).toBe("cpu");
    expect(refused([], { DEVICE: "GPU" })).toBe('DEVICE must be one of auto, cpu, cuda, got "GPU"');
  });

  test("names the flag when the flag is wrong", () => {
    expect(refused(["--port=x"], { PORT: "8501" })).toMatch(/^--port must be a whole number/);
  });

  test("cuts a long value and keeps the message on one line", () => {
    const message = refused([], { DEVICE: `a\nb${"c".repeat(1000)}` });
    expect(message.length).toBeLessThan(120);
  });

  test.each([
    [
      ["--model-dir=a", "--model-base-path=b"],
      {},
      "--model-dir and --model-base-path are both set: unset all but one",
    ],
    [
      ["--model-base-path=b"],
      { MODEL_CONFIG_FILE: "c" },
      "--model-base-path and MODEL_CONFIG_FILE are both set: unset all but one",
    ],
    [
      ["--model-config-file=c"],
      { MODEL_NAME: "x" },
      "MODEL_NAME names the model of MODEL_DIR, but --model-config-file is set: unset one",
    ],
    [
      ["--allowed-batch-sizes=1,4", "--max-batch-size=8"],
      {},
      "the last of --allowed-batch-sizes must be --max-batch-size, 8",
    ],
  ])("refuses %j with %j, which contradict each other", (flags, environment, line) => {
    expect(refused(flags, environment)).toBe(line);
  });

  test("takes one way of saying which models are served", () => {
    expect(parseSettings([], { MODEL_DIR: "", MODEL_BASE_PATH: "/models" }).modelBasePath).toBe("/models");
    expect(parseSettings(["--model-dir=a", "--model-name=x"], {}).modelName).toBe("x");
  });

  test("reads sizes that ascend", () => {
    expect(parseSettings(["--allowed-batch-sizes=1,4,16"], {}).allowedBatchSizes).toEqual([1, 4, 16]);
  });

  test.each(["4,1", "1,1", "0,1", "1,5000", "1;2", "1,"])("refuses %j as sizes", (text) => {
    expect(refused([], { ALLOWED_BATCH_SIZES: text })).toBe(
      `ALLOWED_BATCH_SIZES must be whole numbers from 1 to 4096 that ascend, such as 1,4,8, got "${text}"`,
    );
  });

  test.each([
    ["an unknown flag", ["--max-batchsize=8"], "unknown flag --max-batchsize; see --help"],
    ["an unknown flag without a value", ["--verbose"], "unknown flag --verbose; see --help"],
    ["a flag turned off", ["--no-device"], "unknown flag --no-device; see --help"],
    ["the variable's name as a flag", ["--MODEL_DIR=x"], "unknown flag --MODEL_DIR; see --help"],
    ["a short flag", ["-p", "80"], "unknown flag -p; see --help"],
    ["a name of Object's own", ["--constructor=x"], "unknown flag --constructor; see --help"],
    ["a bare word", ["model_dir"], 'unexpected argument "model_dir"; see --help'],
    ["a bare word behind --", ["--", "model_dir"], 'unexpected argument "model_dir"; see --help'],
    ["a second value", ["--port", "1", "2"], 'unexpected argument "2"; see --help'],
    ["a flag without a value at the end", ["--port"], "--port needs a value"],
    ["a flag before another flag", ["--host", "--port=80"], "--host needs a value"],
    ["a flag with an empty value", ["--model-file="], "--model-file needs a value"],
    ["an empty number", ["--port="], "--port needs a value"],
  ])("refuses %s", (_, flags, line) => {
    expect(refused(flags)).toBe(line);
  });
});
