import type { Writable } from "node:stream";
import type { DestinationStream } from "pino";

/** What may wait for whoever reads standard output; lines past it are dropped. */
const MAX_WAITING_BYTES = 4 * 2 ** 20;

/**
 * Returns where log lines go: standard output, which the server never waits for. Node writes at once what a pipe takes, so
 * an exit loses no line that is read. A reader that has stopped costs memory up to a bound and then the lines, of which
 * their number is logged when it goes on; one that has left costs all lines.
 */
export function standardOutput(stream: Writable = process.stdout): DestinationStream {
  let dropped = 0;
  // Without a listener a pipe that is closed, or a disk that is full, would end the process.
  stream.on("error", () => {});
  return {
    write: (line) => {
      if (stream.writableLength > MAX_WAITING_BYTES) {
        dropped += 1;
        return;
      }
      if (dropped > 0) {
        const time = new Date().toISOString();
        const msg = "standard output was not read: log lines were dropped";
        stream.write(`${JSON.stringify({ level: "warn", time, dropped, msg })}\n`);
        dropped = 0;
      }
      stream.write(line);
    },
  };
}
