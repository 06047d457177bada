import { flagName, variableName } from "../config/setting-table.ts";
import { COMMANDS, type CommandName, type CommandRow } from "./command-table.ts";
import { type OptionRow, valueHint } from "./option-table.ts";

const EXIT_CODES = "Exit codes: 0 all good, 1 failed, 2 the command line or a setting makes no sense.";

/** Returns the text of `--help`: the commands, then every setting with its default. */
export function helpText(): string {
  const usages = Object.values(COMMANDS).map(
    ({ usage, summary }) => `  onnx-serving ${usage}\n      ${summary}`,
  );
  return `Usage:
${usages.join("\n")}
  onnx-serving <command> --help
  onnx-serving --version

${EXIT_CODES}

${optionsText(COMMANDS.serve)}`;
}

/** Returns the text of `<command> --help`. */
export function commandHelp(name: CommandName): string {
  const command = COMMANDS[name];
  return `Usage: onnx-serving ${command.usage}

${command.about.join("\n")}
${EXIT_CODES}

${optionsText(command)}`;
}

function optionsText({ options, hasVariables }: CommandRow): string {
  const rows = Object.entries(options).map(([name, row]) => {
    const said = [...(hasVariables ? [variableName(name)] : []), ...fallbackOf(row)];
    const flag = [`--${flagName(name)}`, valueHint(row)].filter((part) => part !== "").join(" ");
    return `  ${flag}${said.length === 0 ? "" : `  (${said.join("; ")})`}\n      ${row.help}`;
  });
  return `Flags${hasVariables ? " (each is also an environment variable)" : ""}:\n${rows.join("\n")}\n`;
}

function fallbackOf(row: OptionRow): string[] {
  if (row.kind === "switch" || row.kind === "list") return [];
  return [`default: ${row.default ?? row.unset}`];
}
