import { StartupError } from "../../../src/errors.ts";

/** Returns the one line of the StartupError that `act` throws, `folder` cut from its paths. */
export function refusal(folder: string, act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (!(error instanceof StartupError)) throw error;
    if (error.message.includes("\n")) throw new Error(`more than one line: ${error.message}`);
    return error.message.replaceAll(`${folder}/`, "");
  }
  throw new Error("nothing was refused");
}
