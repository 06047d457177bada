import { flagName, SETTINGS, variableName } from "./setting-table.ts";
import type { Settings } from "./settings.ts";

/** Returns the text of `--help`: the commands, then every setting with its default. */
export function helpText(): string {
  const rows = (Object.keys(SETTINGS) as (keyof Settings)[]).map((name) => {
    const row = SETTINGS[name];
    const value = row.kind === "choice" ? row.choices.join("|") : row.kind;
    const fallback = row.default === undefined ? row.unset : row.default;
    return `  --${flagName(name)} <${value}>  (${variableName(name)}; default: ${fallback})\n      ${row.help}`;
  });
  return `Usage:
  onnx-serving [serve] [flags]   serve the model in MODEL_DIR, or the models of MODEL_BASE_PATH or MODEL_CONFIG_FILE
  onnx-serving check <dir>       load the model, run its golden pair, report, exit
  onnx-serving --version

Flags (each is also an environment variable):
${rows.join("\n")}
`;
}
