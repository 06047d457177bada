import { describe, expect, test } from "vitest";
import { sendPicture } from "../../../src/console/send-picture.ts";
import { ServerError } from "../../../src/console/server-api.ts";

const full = (retryAfterSeconds?: number) =>
  new ServerError({ status: 503, code: "QUEUE_FULL", message: "full", retryAfterSeconds });

/** Gives these answers in turn; an error is thrown. */
function sending(...answers: unknown[]) {
  const waits: number[] = [];
  const told: number[] = [];
  const sent = sendPicture({
    send: async () => {
      const answer = answers.shift();
      if (answer instanceof Error) throw answer;
      return answer;
    },
    wait: async (ms) => {
      waits.push(ms);
    },
    onWaiting: (seconds) => told.push(seconds),
    signal: new AbortController().signal,
  });
  return { sent, waits, told, answers };
}

describe("sendPicture", () => {
  test("comes again when a full server said", async () => {
    const { sent, waits, told } = sending(full(2), full(1), "answer");
    expect(await sent).toBe("answer");
    expect([waits, told]).toEqual([
      [2000, 1000],
      [2, 1],
    ]);
  });

  test("gives up after five tries", async () => {
    const { sent, waits, answers } = sending(full(1), full(1), full(1), full(1), full(1), "too late");
    await expect(sent).rejects.toMatchObject({ code: "QUEUE_FULL" });
    expect([waits.length, answers]).toEqual([4, ["too late"]]);
  });

  test.each([
    ["says no time", full()],
    ["says half an hour", full(1800)],
    [
      "refuses the image",
      new ServerError({ status: 400, code: "INVALID_IMAGE", message: "", retryAfterSeconds: 1 }),
    ],
    ["does not answer", new ServerError({ status: 0, code: "NO_ANSWER", message: "" })],
  ])("asks once where the server %s", async (_, error) => {
    const { sent, waits } = sending(error, "never");
    await expect(sent).rejects.toBe(error);
    expect(waits).toEqual([]);
  });
});
