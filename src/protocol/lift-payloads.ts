import { decodePlainBase64 } from "./plain-base64.ts";

/** A JSON body without its long strings. */
export interface LiftedBody {
  /** The body, with a short string in the place of each long one. */
  readonly json: Buffer;
  readonly payloads: Payloads;
}

/** The long strings of a body, as the bytes that they stand for. */
export interface Payloads {
  /**
   * Returns the bytes of the long string that `text` stands in the place of; undefined where it stands for none, or
   * for one that is not plain base64.
   */
  readonly take: (text: string) => Uint8Array<ArrayBuffer> | undefined;
  /** Tells whether every one of them was taken, so that none is left that was read as the short string. */
  readonly areTaken: () => boolean;
}

/** A shorter string costs JSON.parse no more than lifting it does. */
const MIN_LENGTH = 512;

/** Short strings between two long ones; with more, finding their ends costs more than it saves. */
const MAX_SHORT_STRINGS = 32;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/**
 * Takes the long strings out of a JSON body, so that the parser never sees them: an image in base64 is a hundred
 * times as long as the rest of its instance. Looks at quotes and backslashes alone, never at the structure:
 * `json` is parsed like any body.
 *
 * A body without a backslash has no escape, so its strings are what is between every other pair of quotes, and none
 * of them holds U+0000, which JSON writes as an escape: the short strings that this function puts in begin with it,
 * and can't be mistaken. Their payloads are plain base64, so that they hold nothing that JSON forbids.
 *
 * So what is read from `json` is what is read from the body, if it is read without a fault and every payload was
 * taken. Read the body itself otherwise: an error may quote it.
 *
 * @returns undefined where there is nothing to gain, or there are escapes
 */
export function liftPayloads(body: Buffer): LiftedBody | undefined {
  if (body.includes(BACKSLASH)) return undefined;
  const ranges = findLongStrings(body);
  if (ranges === undefined || ranges.length === 0) return undefined;
  const pieces: Uint8Array[] = [];
  let start = 0;
  for (const [index, range] of ranges.entries()) {
    pieces.push(body.subarray(start, range.start), Buffer.from(`\\u0000${index}`));
    start = range.end;
  }
  pieces.push(body.subarray(start));
  return { json: Buffer.concat(pieces), payloads: createPayloads(body, ranges) };
}

/** Offsets of a string's content, without its quotes. */
interface Range {
  readonly start: number;
  readonly end: number;
}

function findLongStrings(body: Buffer): Range[] | undefined {
  const ranges: Range[] = [];
  let shortStrings = 0;
  for (let open = body.indexOf(QUOTE); open >= 0; ) {
    const close = body.indexOf(QUOTE, open + 1);
    if (close < 0) return undefined;
    if (close - open > MIN_LENGTH) {
      ranges.push({ start: open + 1, end: close });
      shortStrings = 0;
    } else if (++shortStrings > MAX_SHORT_STRINGS) {
      return undefined;
    }
    open = body.indexOf(QUOTE, close + 1);
  }
  return ranges;
}

function createPayloads(body: Buffer, ranges: readonly Range[]): Payloads {
  const taken = new Set<number>();
  return {
    take: (text) => {
      if (!text.startsWith("\0")) return undefined;
      const index = Number(text.slice(1));
      const range = ranges[index];
      if (range === undefined) return undefined;
      taken.add(index);
      return decodePlainBase64({
        length: range.end - range.start,
        slice: (start, end) => body.toString("latin1", range.start + start, range.start + end),
      });
    },
    areTaken: () => taken.size === ranges.length,
  };
}
