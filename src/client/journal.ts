import { createReadStream, createWriteStream } from "node:fs";
import { type FileHandle, open, rename, stat, truncate } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { readRecords } from "./read-records.ts";

/** How the records of a journal are written, one or more for each thing that is done. */
export interface JournalForm {
  /** Stands before all records, as the header of a CSV does; "" for none. */
  readonly head: string;
  /** A line break between double quotes belongs to the record, as in CSV. */
  readonly hasQuotes: boolean;
  /** One thing may have several records, one behind the other: the last thing's may not be all there. */
  readonly isGrouped: boolean;
  /** Returns what a record, without its line break, is about; undefined where it is none of ours. */
  readonly read: (record: string) => JournalEntry | undefined;
}

export interface JournalEntry {
  readonly key: string;
  /** Not done: its record goes when the work is resumed, and the thing is tried again. */
  readonly isDone: boolean;
}

/** Why a file can't be a journal; a sentence for whoever named it. */
export class JournalError extends Error {
  override readonly name = "JournalError";
}

/** A file that only grows: what stands in it is done, also when the process was killed in the middle. */
export class Journal {
  /** Keys of what was done when it was opened. */
  readonly done: ReadonlySet<string>;
  readonly #file: FileHandle;
  /** Yet to be written, with the first record. */
  #head: string;

  private constructor(file: FileHandle, done: ReadonlySet<string>, head: string) {
    this.#file = file;
    this.done = done;
    this.#head = head;
  }

  /**
   * Opens a journal, which is made if it is not there. What was left in the middle of a record is cut off, and so is what
   * failed.
   *
   * @param isResumed false: there must not be one yet
   * @throws {JournalError} when there is one, or the file is something else.
   */
  static async open(path: string, form: JournalForm, isResumed: boolean): Promise<Journal> {
    const found = await stat(path).catch(() => undefined);
    // A pipe or a device holds nothing.
    const bytes = found?.isFile() === true ? found.size : 0;
    if (bytes > 0 && !isResumed) throw new JournalError(`${path} is there already`);
    const done = bytes > 0 ? await recover(path, form) : new Set<string>();
    const file = await open(path, "a");
    const isEmpty = found?.isFile() !== true || (await file.stat()).size === 0;
    return new Journal(file, done, isEmpty ? form.head : "");
  }

  /** Resolves when the text, whole records, is with the system: a process that is killed then loses nothing. One call at a time. */
  async append(text: string): Promise<void> {
    const whole = this.#head + text;
    this.#head = "";
    await this.#file.appendFile(whole);
  }

  /** Resolves when all is on the disk. */
  async close(): Promise<void> {
    // What is no file can't be synced.
    await this.#file.sync().catch(() => {});
    await this.#file.close();
  }
}

interface Recovered {
  readonly done: Set<string>;
  /** Where the last whole record of a thing that is all there ends. */
  readonly end: number;
  readonly hasFailed: boolean;
}

/** Cuts off what is not whole and drops what failed; returns the rest's keys. */
async function recover(path: string, form: JournalForm): Promise<Set<string>> {
  const { done, end, hasFailed } = await survey(path, form);
  await truncate(path, end);
  if (!hasFailed) return done;
  const kept = `${path}.kept`;
  await pipeline(keptRecords(path, form), createWriteStream(kept, { flush: true }));
  await rename(kept, path);
  return done;
}

async function survey(path: string, form: JournalForm): Promise<Recovered> {
  const done = new Set<string>();
  let hasFailed = false;
  let end = 0;
  let last: { readonly key: string; readonly start: number } | undefined;
  let line = 0;
  for await (const record of readRecords(createReadStream(path), form.hasQuotes)) {
    line += 1;
    const entry = `${record.text}\n` === form.head ? "head" : form.read(record.text);
    if (entry === undefined || (entry === "head") !== (line === 1 && form.head !== "")) {
      throw new JournalError(`${path} was not written by this command in this form: record ${line}`);
    }
    end = record.end;
    if (entry === "head") continue;
    if (entry.isDone) done.add(entry.key);
    else hasFailed = true;
    if (last?.key !== entry.key) last = { key: entry.key, start: record.start };
  }
  if (!form.isGrouped || last === undefined) return { done, end, hasFailed };
  done.delete(last.key);
  return { done, end: last.start, hasFailed };
}

async function* keptRecords(path: string, form: JournalForm): AsyncGenerator<string, void> {
  for await (const { text } of readRecords(createReadStream(path), form.hasQuotes)) {
    if (`${text}\n` === form.head || form.read(text)?.isDone !== false) yield `${text}\n`;
  }
}
