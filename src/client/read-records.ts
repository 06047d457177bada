/** One record of a file, without its line break. */
export interface FileRecord {
  readonly text: string;
  /** Bytes before it in the file. */
  readonly start: number;
  /** Bytes before what follows its line break. */
  readonly end: number;
}

const NEWLINE = 0x0a;
const QUOTE = 0x22;

/**
 * Yields the records of a file that end with a line break; what comes behind the last one is left out.
 *
 * @param hasQuotes a line break between double quotes belongs to the record
 */
export async function* readRecords(
  chunks: AsyncIterable<Buffer>,
  hasQuotes: boolean,
): AsyncGenerator<FileRecord, void> {
  let begun: Buffer[] = [];
  let start = 0;
  let passed = 0;
  let isQuoted = false;
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = hasQuotes ? 0 : chunk.indexOf(NEWLINE); at >= 0 && at < chunk.length; ) {
      const byte = chunk[at];
      if (byte === QUOTE) isQuoted = hasQuotes && !isQuoted;
      else if (byte === NEWLINE && !isQuoted) {
        const end = passed + at + 1;
        yield { text: Buffer.concat([...begun, chunk.subarray(from, at)]).toString("utf8"), start, end };
        begun = [];
        from = at + 1;
        start = end;
      }
      at = hasQuotes ? at + 1 : chunk.indexOf(NEWLINE, at + 1);
    }
    if (from < chunk.length) begun.push(chunk.subarray(from));
    passed += chunk.length;
  }
}
