/**
 * Returns the texts of the elements of one member of a JSON object, if that is a list: as they stand, so that no number loses a digit.
 *
 * @param text a JSON object; that it is sound is known
 * @param name of the member, as it is written
 */
export function elementSlices(text: string, name: string): string[] | undefined {
  let at = skipSpace(text, skipSpace(text, 0) + 1);
  while (text[at] === '"') {
    const keyEnd = skipValue(text, at);
    const isIt = text.slice(at + 1, keyEnd - 1) === name;
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1);
    if (isIt) return text[start] === "[" ? readElements(text, start) : undefined;
    at = skipSpace(text, skipSpace(text, skipValue(text, start)) + 1);
  }
  return undefined;
}

function readElements(text: string, start: number): string[] {
  const elements: string[] = [];
  let at = skipSpace(text, start + 1);
  while (text[at] !== "]") {
    const end = skipValue(text, at);
    elements.push(text.slice(at, end));
    at = skipSpace(text, end);
    if (text[at] === ",") at = skipSpace(text, at + 1);
  }
  return elements;
}

function skipSpace(text: string, at: number): number {
  let next = at;
  while (text.charCodeAt(next) <= 0x20) next += 1;
  return next;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** What ends a number or a word. */
const ENDS: ReadonlySet<string> = new Set([",", "]", "}"]);

/** Returns where the value that begins at `at` ends. */
function skipValue(text: string, at: number): number {
  let depth = 0;
  let next = at;
  do {
    const char = text[next] as string;
    if (char === '"') next = skipString(text, next);
    else if (char === "[" || char === "{") {
      depth += 1;
      next += 1;
    } else if (char === "]" || char === "}") {
      depth -= 1;
      next += 1;
    } else if (depth > 0) next += 1;
    else next = skipWord(text, next);
  } while (depth > 0);
  return next;
}

function skipString(text: string, at: number): number {
  let next = at + 1;
  while (text.charCodeAt(next) !== QUOTE) next += text.charCodeAt(next) === BACKSLASH ? 2 : 1;
  return next + 1;
}

function skipWord(text: string, at: number): number {
  let next = at;
  while (next < text.length && text.charCodeAt(next) > 0x20 && !ENDS.has(text[next] as string)) next += 1;
  return next;
}
