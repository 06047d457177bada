import type { IncomingMessage } from "node:http";
import { PassThrough } from "node:stream";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ServingError } from "../../../src/errors.ts";
import { type ReadLinesOptions, readLines } from "../../../src/http/read-lines.ts";

function setUp(options: Partial<ReadLinesOptions> = {}) {
  const body = new PassThrough();
  const request = Object.assign(body, { headers: {} }) as unknown as IncomingMessage;
  let heldBytes = 0;
  const lines = readLines(request, {
    maxLineBytes: 16,
    receiveTimeoutMs: 60_000,
    signal: new AbortController().signal,
    onBytes: (bytes) => {
      heldBytes += bytes;
    },
    ...options,
  });
  return { body, lines, heldBytes: () => heldBytes };
}

async function collect(lines: ReturnType<typeof readLines>): Promise<{ texts: string[]; bytes: number }> {
  const texts: string[] = [];
  let bytes = 0;
  for await (const line of lines) {
    texts.push(line.text.toString());
    bytes += line.bytes;
  }
  return { texts, bytes };
}

const codeOf = (reading: Promise<unknown>) =>
  reading.then(
    () => "no error",
    (error: unknown) => (error instanceof ServingError ? error.code : String(error)),
  );

describe("readLines", () => {
  test("gives the lines of any body, in whatever pieces it comes, and accounts for each byte", async () => {
    const text = fc.string({ unit: fc.constantFrom("a", "é", " ", "\t", "\r", "\n"), maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.nat(8), { minLength: 1 }), async (sent, sizes) => {
        const { body, lines, heldBytes } = setUp({ maxLineBytes: 1000 });
        const bytes = Buffer.from(sent);
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const end = at + 1 + (sizes[i % sizes.length] ?? 0);
          body.write(bytes.subarray(at, end));
          at = end;
        }
        body.end();
        const found = await collect(lines);
        const expected = sent.split("\n").filter((line) => !/^[ \t\r]*$/.test(line));
        expect(found.texts).toEqual(expected);
        expect(heldBytes()).toBe(bytes.length);
        expect(found.bytes).toBeLessThanOrEqual(bytes.length);
        if (/[aé]\n?$/.test(sent)) expect(found.bytes).toBe(bytes.length);
      }),
    );
  });

  test("takes a line of just maxLineBytes, and refuses a longer one as soon as it is", async () => {
    const fits = setUp();
    fits.body.end(`${"a".repeat(16)}\nb`);
    expect((await collect(fits.lines)).texts).toEqual(["a".repeat(16), "b"]);
    const long = setUp();
    long.body.write("a".repeat(17));
    expect(await codeOf(collect(long.lines))).toBe("BODY_TOO_LARGE");
    const inPieces = setUp();
    for (let i = 0; i < 17; i++) inPieces.body.write("a");
    expect(await codeOf(collect(inPieces.lines))).toBe("BODY_TOO_LARGE");
  });

  test("reads no further than it is asked for", async () => {
    const { body, lines } = setUp({ maxLineBytes: 200_000 });
    body.write(`first\n${"a".repeat(100_000)}`);
    await lines.next();
    // What is more than the reader keeps ahead stays in the stream.
    expect(body.write("a".repeat(100_000))).toBe(false);
    expect(body.isPaused()).toBe(true);
  });

  test("ends with the signal's reason, also while it waits", async () => {
    const controller = new AbortController();
    const { body, lines } = setUp({ signal: controller.signal });
    body.write("a\n");
    await lines.next();
    const waiting = codeOf(lines.next());
    controller.abort(new ServingError("DRAINING", "stop"));
    expect(await waiting).toBe("DRAINING");
  });

  test("ends when nothing comes in time", async () => {
    const { lines } = setUp({ receiveTimeoutMs: 1 });
    expect(await codeOf(lines.next())).toBe("REQUEST_TIMEOUT");
  });

  test("ends with what refuses more bytes", async () => {
    const { body, lines } = setUp({
      onBytes: () => {
        throw new ServingError("QUEUE_FULL", "full");
      },
    });
    body.write("a\n");
    expect(await codeOf(lines.next())).toBe("QUEUE_FULL");
  });

  test("ends with CANCELLED when the client leaves", async () => {
    const { body, lines } = setUp();
    const waiting = codeOf(lines.next());
    body.destroy(new Error("aborted"));
    expect(await waiting).toBe("CANCELLED");
  });
});
