export interface BriefOptions {
  /** Most elements of a list that are shown. */
  readonly elements: number;
  /** Most characters in all; what is more is cut off. */
  readonly characters: number;
}

const BRIEF: BriefOptions = { elements: 8, characters: 4000 };

/** Returns a value as JSON that a person reads: long lists by their first elements and how many more there are. */
export function briefJson(value: unknown, options: BriefOptions = BRIEF): string {
  const text = write(value, "", options);
  return text.length > options.characters ? `${text.slice(0, options.characters)} …` : text;
}

function write(value: unknown, indent: string, options: BriefOptions): string {
  if (Array.isArray(value)) return writeList(value, indent, options);
  if (typeof value === "string" && value.length > 200) return `${JSON.stringify(value.slice(0, 200))} …`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const inner = `${indent}  `;
  const entries = Object.entries(value).map(
    ([key, entry]) => `${inner}${JSON.stringify(key)}: ${write(entry, inner, options)}`,
  );
  return entries.length === 0 ? "{}" : `{\n${entries.join(",\n")}\n${indent}}`;
}

/** Numbers and texts stand on one line, lists and objects on their own. */
function writeList(list: readonly unknown[], indent: string, options: BriefOptions): string {
  const shown = list.slice(0, options.elements);
  const more = list.length > shown.length ? [`… ${list.length - shown.length} more`] : [];
  const isFlat = shown.every((element) => typeof element !== "object" || element === null);
  const inner = isFlat ? indent : `${indent}  `;
  const written = [...shown.map((element) => write(element, inner, options)), ...more];
  return isFlat
    ? `[${written.join(", ")}]`
    : `[\n${written.map((text) => inner + text).join(",\n")}\n${indent}]`;
}
