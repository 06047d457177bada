/** A fenced block of a page that a reader would run, and what the page says comes of it. */
export interface Snippet {
  readonly language: "sh" | "python";
  /** Counted from 1. */
  readonly line: number;
  readonly text: string;
  /** The block behind it. */
  readonly answer?: Answer;
}

export interface Answer {
  /** `jsonl` is lines in any order. */
  readonly language: "json" | "jsonl" | "text";
  readonly text: string;
}

/** What stands under one heading. */
export interface Section {
  readonly title: string;
  /** The command that starts the section's server; the page's first one serves where there is none. */
  readonly server?: string;
  readonly snippets: readonly Snippet[];
}

/**
 * Reads the fenced blocks of a Markdown page by the words behind their backticks: `sh` and `python` are run, in their order;
 * `sh server` starts the section's server; `sh not-run` and `python not-run` are for the reader alone. A block of `json`, `jsonl` or `text` is the
 * answer of the one before it.
 *
 * @throws {Error} when a block is of no such kind, so that none is left out by a slip of the pen, or an answer follows nothing.
 */
export function readPage(markdown: string): Section[] {
  const sections: { title: string; server?: string; snippets: Snippet[] }[] = [];
  const lines = markdown.split("\n");
  for (let at = 0; at < lines.length; at += 1) {
    const heading = /^#{1,3} (.+)$/.exec(lines[at] ?? "")?.[1];
    if (heading !== undefined) sections.push({ title: heading, snippets: [] });
    const kind = /^```(.*)$/.exec(lines[at] ?? "")?.[1];
    if (kind === undefined) continue;
    const line = at + 1;
    const end = lines.indexOf("```", line);
    if (end === -1) throw new Error(`line ${line}: the block does not end`);
    const text = lines.slice(line, end).join("\n");
    at = end;
    const section = sections.at(-1);
    if (section === undefined) throw new Error(`line ${line}: a block before the first heading`);
    const last = section.snippets.at(-1);
    if (kind === "sh server") section.server = text;
    else if (kind === "sh" || kind === "python") section.snippets.push({ language: kind, line, text });
    else if (kind === "json" || kind === "jsonl" || kind === "text") {
      if (last === undefined || last.answer !== undefined)
        throw new Error(`line ${line}: the answer of nothing`);
      section.snippets[section.snippets.length - 1] = { ...last, answer: { language: kind, text } };
    } else if (kind !== "sh not-run" && kind !== "python not-run") {
      throw new Error(`line ${line}: a block of the unknown kind "${kind}"`);
    }
  }
  return sections;
}
