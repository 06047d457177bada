import type { ImageOutcome } from "../client/image-source.ts";
import type { JournalForm } from "../client/journal.ts";

/** How results are written, and found again to resume by. */
export interface ResultForm extends JournalForm {
  /**
   * Returns the records of one image, each with its line break.
   *
   * @param maskFile the file that holds its prediction, where that is a mask of its own
   */
  readonly write: (outcome: ImageOutcome, maskFile?: string) => string;
}
