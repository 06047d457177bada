import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { StartupError, UsageError } from "../errors.ts";

/**
 * A file that only grows. Whoever goes on with one says how much of it is sound: what lies behind was written by a
 * process that ended before it could say so, and is cut off.
 */
export class AppendFile {
  readonly #file: FileHandle;
  readonly #path: string;
  #length: number;

  private constructor(file: FileHandle, path: string, length: number) {
    this.#file = file;
    this.#path = path;
    this.#length = length;
  }

  /**
   * Makes the file if it is not there.
   *
   * @param keepBytes how much of it is sound
   * @throws {StartupError} when it is shorter, or can't be opened.
   */
  static async open(path: string, keepBytes: number): Promise<AppendFile> {
    let file: FileHandle;
    try {
      file = await open(path, constants.O_RDWR | constants.O_CREAT);
    } catch (error) {
      throw writeError(path, error);
    }
    const { size } = await file.stat();
    if (size < keepBytes) {
      await file.close();
      const lengths = `has ${size} bytes and had ${keepBytes}`;
      throw new StartupError(`${path} ${lengths}: it was changed since the run that is to be resumed`);
    }
    await file.truncate(keepBytes);
    return new AppendFile(file, path, keepBytes);
  }

  get length(): number {
    return this.#length;
  }

  async append(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    try {
      for (let from = 0; from < bytes.length; ) {
        const { bytesWritten } = await this.#file.write(
          bytes,
          from,
          bytes.length - from,
          this.#length + from,
        );
        from += bytesWritten;
      }
    } catch (error) {
      throw writeError(this.#path, error);
    }
    this.#length += bytes.length;
  }

  /** Resolves with the length when all of it is on the disk. */
  async sync(): Promise<number> {
    await this.#file.datasync();
    return this.#length;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** @throws {UsageError} when there is a file: a new run would lose what stands in it. */
export async function requireAbsent(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return;
  throw new UsageError(
    `${path} is there already: --resume goes on with an unfinished run; else name another file`,
  );
}

function writeError(path: string, error: unknown): StartupError {
  return new StartupError(`${path} can't be written: ${(error as Error).message}`, { cause: error });
}
