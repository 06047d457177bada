import { Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import { standardOutput } from "../../../src/observability/standard-output.ts";

/** A stream of which nothing is read until the test says so. */
class UnreadStream extends Writable {
  readonly lines: string[] = [];
  readonly #held: (() => void)[] = [];
  #isHolding = true;

  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.lines.push(chunk.toString());
    if (this.#isHolding) this.#held.push(done);
    else done();
  }

  /** Reads all that waits, and all to come. */
  read(): void {
    this.#isHolding = false;
    for (const done of this.#held.splice(0)) done();
  }
}

const MEBIBYTE = `${"x".repeat(2 ** 20 - 1)}\n`;

describe("standardOutput", () => {
  test("holds what waits for a reader, drops what is past 4 MiB, and says how much when it goes on", async () => {
    const stream = new UnreadStream();
    const { write } = standardOutput(stream);
    for (let i = 0; i < 10; i++) write(MEBIBYTE);
    expect(stream.writableLength).toBe(5 * 2 ** 20);
    const drained = new Promise((resolve) => stream.once("drain", resolve));
    stream.read();
    await drained;
    write("after\n");
    await new Promise((resolve) => stream.end(resolve));
    expect(stream.lines.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => MEBIBYTE));
    const [told = "", ...rest] = stream.lines.slice(5);
    expect(JSON.parse(told)).toMatchObject({ level: "warn", dropped: 5 });
    expect(rest).toEqual(["after\n"]);
  });

  test("bears a reader that has left", () => {
    const stream = new UnreadStream();
    const { write } = standardOutput(stream);
    stream.emit("error", Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
    expect(() => write("line\n")).not.toThrow();
  });
});
