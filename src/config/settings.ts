import type { TelemetrySettings } from "./telemetry-settings.ts";

/** Every setting of the server, after defaults. Units stand in the names. */
export interface Settings extends TelemetrySettings {
  readonly modelDir: string;
  readonly modelName: string;
  readonly modelBasePath: string | undefined;
  readonly modelConfigFile: string | undefined;
  readonly fileSystemPollWaitSeconds: number;
  readonly modelFile: string | undefined;
  readonly modelVariant: string | undefined;
  readonly maxArchiveBytes: number;
  readonly utilsDir: string | undefined;
  readonly host: string;
  readonly port: number;
  readonly grpcPort: number | undefined;
  readonly aipHttpPort: number | undefined;
  readonly aipHealthRoute: string | undefined;
  readonly aipPredictRoute: string | undefined;
  readonly aipStorageUri: string | undefined;
  readonly device: "auto" | "cpu" | "cuda";
  readonly cudaDevices: string | undefined;
  readonly batchingParametersFile: string | undefined;
  readonly maxBatchSize: number | undefined;
  readonly allowedBatchSizes: readonly number[] | undefined;
  readonly batchTimeoutMicros: number;
  readonly targetLatencyMs: number | undefined;
  readonly maxEnqueuedInstances: number;
  readonly maxEnqueuedBytes: number;
  readonly maxUnsentBytes: number;
  readonly compressMinBytes: number;
  readonly maxBodyBytes: number;
  readonly maxInstances: number;
  readonly maxImagePixels: number;
  readonly maxDecodeBytes: number | undefined;
  readonly maxKeptPixelBytes: number;
  readonly requestTimeoutMs: number;
  readonly receiveTimeoutMs: number;
  readonly sendTimeoutMs: number;
  readonly imageTimeoutMs: number;
  readonly runTimeoutMs: number | undefined;
  readonly inferenceLanes: number | undefined;
  readonly intraOpThreads: number | undefined;
  readonly imageWorkers: number | undefined;
  readonly keepAliveMs: number;
  readonly drainDelayMs: number;
  readonly shutdownTimeoutMs: number;
  readonly onBadInstance: "report" | "fail" | undefined;
  readonly defaultSignature: string | undefined;
  readonly flashRoutes: string;
  readonly docs: "on" | "off";
  readonly corsOrigin: string;
  readonly console: "on" | "off";
  readonly logLevel: "trace" | "debug" | "info" | "warn" | "error" | "fatal" | "silent";
}

/**
 * What values a setting takes. `bytes` is a whole number with an optional KiB, MiB or GiB behind it, `sizes` are
 * whole numbers that ascend, with commas between them; a `number` may have decimals.
 */
export type SettingKind =
  | { readonly kind: "text" }
  | { readonly kind: "integer"; readonly min: number; readonly max: number }
  | { readonly kind: "bytes"; readonly min: number; readonly max: number }
  | { readonly kind: "number"; readonly min: number; readonly max: number }
  | { readonly kind: "sizes"; readonly min: number; readonly max: number }
  | { readonly kind: "choice"; readonly choices: readonly string[] };

/** One row of the table: `default` as a user would write it, `undefined` with the reason in `unset`. */
export type SettingRow = SettingKind & {
  readonly default: string | undefined;
  /** What happens when it is not set; only where there is no default. */
  readonly unset?: string;
  /** One sentence; the same text stands in `--help` and in docs/configuration.md. */
  readonly help: string;
};
