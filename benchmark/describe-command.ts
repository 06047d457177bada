import { SETTINGS, variableName } from "../src/config/setting-table.ts";

/** Options that say where figures come from and go to, not what is measured. */
const OUTPUTS = ["--json", "--docs", "--from"];
/** Written without a "=", these have their value in the next argument. */
const TAKE_A_VALUE = ["--json", "--from"];
/** The benchmark gives these to the server itself. */
const GIVEN = ["modelDir", "host", "port", "drainDelayMs"];
/** What libraries below the server read. */
const LIBRARIES = ["MALLOC_ARENA_MAX", "UV_THREADPOOL_SIZE", "NODE_OPTIONS"];

/**
 * Returns the command that measures the same again: with the settings that the server finds in the environment, and
 * without the options that say where figures go. `args` have been parsed before.
 */
export function describeCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): string {
  const settings = Object.keys(SETTINGS).filter((name) => !GIVEN.includes(name));
  const variables = [...settings.map(variableName), ...LIBRARIES].filter((name) => environment[name]);
  return [
    ...variables.map((name) => `${name}=${environment[name]}`),
    "npm run bench --",
    ...withoutOutputs(args),
  ].join(" ");
}

function withoutOutputs(args: readonly string[]): string[] {
  return args.filter((arg, i) => !isOutput(arg) && !TAKE_A_VALUE.includes(args[i - 1] ?? ""));
}

function isOutput(arg: string): boolean {
  return OUTPUTS.includes(arg.split("=")[0] ?? "");
}
