import { onOneLine } from "../client/on-one-line.ts";
import type { ResultForm } from "./result-form.ts";

/** One line: the name comes first, so that a long prediction need not be read to resume. */
const LINE = /^\{"image":("(?:[^"\\]|\\.)*"),"(prediction|mask|error)":/;

/** One JSON object a line: `image`, and `prediction`, `mask` or `error`. */
export const NDJSON_FORM: ResultForm = {
  head: "",
  hasQuotes: false,
  isGrouped: false,
  read: (record) => {
    const [, name, kind] = LINE.exec(record) ?? [];
    if (name === undefined) return undefined;
    return { key: JSON.parse(name) as string, isDone: kind !== "error" };
  },
  write: (outcome, maskFile) => {
    const image = JSON.stringify(outcome.name);
    if ("error" in outcome) return `{"image":${image},"error":${JSON.stringify(outcome.error)}}\n`;
    if (maskFile !== undefined) return `{"image":${image},"mask":${JSON.stringify(maskFile)}}\n`;
    return `{"image":${image},"prediction":${onOneLine(outcome.prediction)}}\n`;
  },
};
