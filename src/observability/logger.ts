import { type DestinationStream, type Logger, pino } from "pino";
import { standardOutput } from "./standard-output.ts";

export type { Logger };

/**
 * Returns the process's logger: one JSON object on each line of standard output, the time in ISO 8601.
 * Bodies, base64 and file contents are never logged.
 */
export function createLogger(level: string, destination: DestinationStream = standardOutput()): Logger {
  const { err } = pino.stdSerializers;
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { cause: err, error: err },
    },
    destination,
  );
}
