import { type Logger, pino } from "pino";

export type { Logger };

/**
 * Returns the process's logger: one JSON object on each line of standard output, the time in ISO 8601.
 * Bodies, base64 and file contents are never logged.
 */
export function createLogger(level: string): Logger {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  });
}
