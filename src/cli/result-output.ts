import { Journal, JournalError, type JournalForm } from "../client/journal.ts";
import { UsageError } from "../errors.ts";
import { print } from "./print.ts";

/** Where results go. */
export interface ResultOutput {
  /** The images that had their results before. */
  readonly done: ReadonlySet<string>;
  /** One call at a time. */
  append(text: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the file of the results, or standard output where none is named.
 *
 * @throws {UsageError} when the file can't be written, or holds what would be lost.
 */
export async function openOutput(
  form: JournalForm,
  { output, resume }: { readonly output: string | undefined; readonly resume: boolean },
): Promise<ResultOutput> {
  if (output === undefined) {
    let { head } = form;
    const append = (text: string) => {
      const whole = head + text;
      head = "";
      return print(whole);
    };
    return { done: new Set(), append, close: async () => {} };
  }
  try {
    return await Journal.open(output, form, resume);
  } catch (error) {
    if (error instanceof JournalError) {
      throw new UsageError(`--output: ${error.message}${resume ? "" : "; --resume goes on with it"}`);
    }
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UsageError(`--output: ${output} can't be written (${code ?? message})`);
  }
}
