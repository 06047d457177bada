/** Writes ASCII `text` at an offset and returns the offset past it. */
export function writeText(bytes: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}

/** Returns a finite number as JavaScript writes it, a whole one with `.0`, minus zero with its sign. */
export function floatText(value: number): string {
  const text = Object.is(value, -0) ? "-0" : String(value);
  return text.includes(".") || text.includes("e") ? text : `${text}.0`;
}
