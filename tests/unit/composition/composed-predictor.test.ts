import { describe, expect, test } from "vitest";
import { ServingError } from "../../../src/errors.ts";
import type { PredictAnswer, PredictOptions } from "../../../src/predictor.ts";
import type { Instance } from "../../../src/protocol/predict-request.ts";
import type { Prediction } from "../../../src/protocol/write-predictions.ts";
import { readParameters } from "../../../src/signature/parameters.ts";
import { type ComposedPuppets, composePuppets, picture, settle } from "../../support/composed-model.ts";

function ask(
  { model }: ComposedPuppets,
  instances: readonly Instance[],
  options: Partial<PredictOptions> = {},
): Promise<PredictAnswer> {
  const request = { format: "row", parameters: {}, inputs: { kind: "instances", instances } } as const;
  return model.predictor.predict(request, {
    signature: "serving_default",
    parameters: readParameters({}, { task: "generic" }),
    signal: new AbortController().signal,
    deadlineMs: performance.now() + 60_000,
    rowEnded: () => {},
    ...options,
  });
}

/** The classes of each instance's crops, or its error's code. */
async function classesOf(answer: Promise<PredictAnswer>): Promise<unknown[]> {
  const predicted = await answer;
  if (predicted.kind !== "predictions") throw new Error("expected predictions");
  return predicted.predictions.map((one: Prediction) =>
    "error" in one ? one.error.code : (one.value as { classes: unknown }).classes,
  );
}

describe("ComposedPredictor", () => {
  test("answers each image with what the second model says of its crops, in the boxes' order", async () => {
    const puppets = composePuppets();
    expect(await classesOf(ask(puppets, [picture(3), picture(1)]))).toEqual([[1, 2, 3], [1]]);
  });

  test("forms the second model's batch over the crops of many requests", async () => {
    const puppets = composePuppets();
    puppets.classifier.hold();
    const answers = [2, 2, 2].map((things) => classesOf(ask(puppets, [picture(things)])));
    await settle();
    expect(puppets.classifier.runs).toHaveLength(1);
    puppets.classifier.release();
    expect(await Promise.all(answers)).toEqual([[[1, 2]], [[1, 2]], [[1, 2]]]);
    const [first = 0, second] = puppets.classifier.runs;
    expect([first < 6, second]).toEqual([true, 6 - first]);
  });

  test("decodes an image once: its crops are cut from the pixels that the detector's worker kept", async () => {
    const puppets = composePuppets();
    await ask(puppets, [picture(2)]);
    const [whole, ...crops] = puppets.images;
    expect([whole?.keepsPixels, whole?.decoded]).toEqual([true, undefined]);
    expect(crops.map(({ decoded, edits, keepsPixels }) => ({ decoded, edits, keepsPixels }))).toEqual(
      [1, 2].map((left) => ({
        decoded: { height: 10, width: 100, channels: 3 },
        edits: [{ kind: "crop", box: { top: 0, left, height: 10, width: 1 } }],
        keepsPixels: undefined,
      })),
    );
  });

  test("answers an image without boxes with empty lists, and does not run the second model", async () => {
    const puppets = composePuppets();
    const answer = ask(puppets, [picture(0)]);
    expect(await answer).toEqual({
      kind: "predictions",
      predictions: [{ value: { boxes: [], classes: [] } }],
    });
    expect(puppets.classifier.runs).toEqual([]);
  });

  test("fails a bad image alone, in its place, with its key", async () => {
    const puppets = composePuppets();
    const bad: Instance = { kind: "bad", error: new ServingError("INVALID_BASE64", "no") };
    const row: Instance = { kind: "row", row: {} };
    const instances = [picture(1), { ...picture(0xff), key: "k" }, bad, row, picture(2)];
    const answer = ask(puppets, instances);
    expect(await classesOf(answer)).toEqual([
      [1],
      "INVALID_IMAGE",
      "INVALID_BASE64",
      "INVALID_ARGUMENT",
      [1, 2],
    ]);
    expect(await answer).toMatchObject({ predictions: { 1: { key: "k", error: { instance: 1 } } } });
  });

  test("fails an image alone when one of its crops can't be run", async () => {
    const puppets = composePuppets();
    const run = puppets.classifier.run.bind(puppets.classifier);
    puppets.classifier.run = async (feed) => {
      const { rows, ...outcome } = await run(feed);
      const given = feed.kind === "rows" ? feed.rows : [];
      const isThird = (i: number) => Number(given[i]?.image?.data[0]) === 3;
      return { ...outcome, rows: rows.map((row, i) => (isThird(i) ? { error: "no" } : row)) };
    };
    expect(await classesOf(ask(puppets, [picture(3), picture(2)]))).toEqual(["INFERENCE_FAILED", [1, 2]]);
  });

  test("fails the request when a model's worker died", async () => {
    const puppets = composePuppets();
    puppets.classifier.run = () => Promise.reject(new ServingError("INFERENCE_FAILED", "died"));
    await expect(ask(puppets, [picture(1), picture(0)])).rejects.toMatchObject({ code: "INFERENCE_FAILED" });
  });

  test("gives up at once when aborted, takes its crops out of the queue, and answers the next request", async () => {
    const puppets = composePuppets();
    const controller = new AbortController();
    puppets.classifier.hold();
    const gone = ask(puppets, [picture(3)], { signal: controller.signal });
    await settle();
    const next = classesOf(ask(puppets, [picture(1)]));
    await settle();
    const reason = new ServingError("CANCELLED", "the client left");
    controller.abort(reason);
    await expect(gone).rejects.toBe(reason);
    puppets.classifier.release();
    expect(await next).toEqual([[1]]);
    expect(puppets.classifier.runs.reduce((sum, rows) => sum + rows, 0)).toBeLessThan(1 + 3);
  });

  test("tells of each instance that ended, and refuses tensors", async () => {
    const puppets = composePuppets();
    let ended = 0;
    await ask(puppets, [picture(3), picture(0xff)], {
      rowEnded: () => {
        ended += 1;
      },
    });
    expect(ended).toBe(2);
    const request = { format: "columnar", parameters: {}, inputs: { kind: "tensors", tensors: {} } } as const;
    const { predictor } = puppets.model;
    await expect(predictor.predict(request, {} as PredictOptions)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });

  test("merges outputs that are tensors, and says which is none", async () => {
    const puppets = composePuppets();
    const request = {
      format: "row",
      parameters: {},
      mergesOutputs: true,
      inputs: { kind: "instances", instances: [picture(1)] },
    } as const;
    const options = {
      signature: "serving_default",
      parameters: readParameters({}, { task: "generic" }),
      signal: new AbortController().signal,
      deadlineMs: performance.now() + 60_000,
      rowEnded: () => {},
    } as const;
    await expect(puppets.model.predictor.predict(request, options)).rejects.toThrow(/output "boxes"/);
  });

  test("enters the crops into the second model's backlog while they wait", async () => {
    const puppets = composePuppets();
    puppets.classifier.hold();
    const answer = ask(puppets, [picture(3)]);
    await settle();
    expect(puppets.waitingCrops()).toBe(3);
    puppets.classifier.release();
    await answer;
    expect(puppets.waitingCrops()).toBe(0);
  });
});
