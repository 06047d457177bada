/** What a shell says of a program whose reader left: 128 + SIGPIPE. */
export const READER_LEFT = 141;

/** Whoever read standard output has left: there is nobody to work for. */
export class ReaderLeftError extends Error {
  override readonly name = "ReaderLeftError";
}

/**
 * Writes text to standard output, no faster than it is read.
 *
 * @throws {ReaderLeftError} when its reader has left, as `head` does.
 */
export function print(text: string): Promise<void> {
  const stream = process.stdout;
  // Without a listener the stream would end the process; the callback is told the same. Worker threads, whose output is
  // piped here, have one that does not help.
  if (!stream.listeners("error").includes(ignore)) stream.on("error", ignore);
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => {
      if (error === undefined || error === null) resolve();
      else reject((error as NodeJS.ErrnoException).code === "EPIPE" ? new ReaderLeftError() : error);
    });
  });
}

function ignore(): void {}
