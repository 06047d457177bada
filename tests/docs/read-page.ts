/** What stands between two fences of a page and is more than something to look at. */
export type Block = Command | ServerCommand | FileBlock;

interface Place {
  /** Counted from 1. */
  readonly line: number;
  readonly text: string;
}

/** What a reader would run, and what the page says comes of it. */
export interface Command extends Place {
  readonly kind: "command";
  readonly language: "sh" | "python";
  /** For the reader alone: it takes an account, a container engine or minutes. */
  readonly isNotRun: boolean;
  /** Modules of Python without which it is left out. */
  readonly needs: readonly string[];
  readonly answer?: Answer;
}

/** A command that starts a server, for the section in which it stands, or for the page from there on. */
export interface ServerCommand extends Place {
  readonly kind: "server";
  readonly scope: "section" | "page";
  readonly needs: readonly string[];
}

/** A file that the reader is told to write. */
export interface FileBlock extends Place {
  readonly kind: "file";
  readonly path: string;
}

export interface Answer {
  /** `jsonl` is lines in any order. In a `text` a line `...` stands for any lines, and at the end of one for the rest of it. */
  readonly language: "json" | "jsonl" | "text";
  readonly text: string;
}

/** What stands under one heading, up to the next of any level. */
export interface Section {
  readonly title: string;
  /** 1 is the page's title. */
  readonly level: number;
  readonly blocks: readonly Block[];
}

/** What a reader might type, under names that would keep it from being run. */
const OTHER_SHELLS = new Set(["bash", "shell", "console", "zsh", "shell-session", "py", "python3"]);

/**
 * Reads the fenced blocks of a Markdown page. The first word behind the backticks is the language, by which it is shown; the
 * words after it, which no reader sees, say what it is to a test:
 *
 * - `sh` and `python` are run, in their order. `not-run` leaves them to the reader; `needs=torch,onnx` leaves them out where
 *   Python lacks one of these modules.
 * - `sh server` starts the server of its section and those below it, `sh server=page` that of all sections from there on
 *   that start none.
 * - `json`, `jsonl` and `text` are the answer of the command before them, or, with `example`, of none.
 * - `file=path`, behind any language, is a file to be written there. Other languages are to be looked at.
 *
 * @throws {Error} when a block is of no such kind, so that none is left out by a slip of the pen, or an answer follows nothing.
 */
export function readPage(markdown: string): Section[] {
  const sections: { title: string; level: number; blocks: Block[] }[] = [];
  const lines = markdown.split("\n");
  for (let at = 0; at < lines.length; at += 1) {
    const [, hashes = "", title] = /^(#{1,6}) (.+)$/.exec(lines[at] ?? "") ?? [];
    if (title !== undefined) sections.push({ title, level: hashes.length, blocks: [] });
    const [, indent, info] = /^( *)```(.*)$/.exec(lines[at] ?? "") ?? [];
    if (info === undefined) continue;
    const line = at + 1;
    const end = lines.indexOf(`${indent}\`\`\``, line);
    if (end === -1) throw new Error(`line ${line}: the block does not end`);
    const text = lines.slice(line, end).join("\n");
    at = end;
    const section = sections.at(-1);
    if (section === undefined) throw new Error(`line ${line}: a block before the first heading`);
    addBlock(section.blocks, info, { line, text });
  }
  return sections;
}

function addBlock(blocks: Block[], info: string, place: Place): void {
  const { line, text } = place;
  const [language = "", ...words] = info.split(" ");
  const marks = new Map(
    words.map((word) => {
      const [name = "", value = ""] = word.split("=", 2);
      return [name, value] as const;
    }),
  );
  const take = (name: string): string | undefined => {
    const value = marks.get(name);
    marks.delete(name);
    return value;
  };
  const path = take("file");
  const needs = (take("needs") ?? "").split(",").filter((name) => name !== "");
  const scope = language === "sh" ? take("server") : undefined;
  if (path !== undefined) blocks.push({ kind: "file", path, ...place });
  else if (scope !== undefined) {
    blocks.push({ kind: "server", scope: scope === "page" ? "page" : "section", needs, ...place });
  } else if (language === "sh" || language === "python") {
    blocks.push({ kind: "command", language, isNotRun: take("not-run") !== undefined, needs, ...place });
  } else if (OTHER_SHELLS.has(language))
    throw new Error(`line ${line}: "${language}" is never run; say sh or python`);
  else if (language === "json" || language === "jsonl" || language === "text") {
    if (take("example") === undefined) blocks.push(answered(blocks.pop(), { language, text }, line));
  }
  if (marks.size > 0) throw new Error(`line ${line}: the unknown mark "${[...marks.keys()].join(" ")}"`);
}

function answered(last: Block | undefined, answer: Answer, line: number): Command {
  if (last?.kind === "command" && last.answer === undefined) return { ...last, answer };
  throw new Error(`line ${line}: the answer of nothing; say "${answer.language} example" if it is none`);
}
