import { setImmediate } from "node:timers/promises";
import { isTensor } from "../tensor/tensor.ts";
import { type Answer, JsonEntries, JsonText } from "./answer.ts";
import { JsonSink, type WrittenJson } from "./json-sink.ts";
import { writeTensor } from "./write-tensor.ts";

/**
 * Returns `value` as JSON text. float32 prints in the shortest form that reads back the same element,
 * float16 as the float32 of the same value, whole elements of a float type with `.0`; 64-bit integers print exactly; numbers outside of
 * tensors as `JSON.stringify` does; NaN and infinities as `null`.
 *
 * A long answer is written in slices of about 5 ms, between which the event loop runs. Several of them take turns: it
 * runs after each slice of any.
 */
export async function writeJson(value: Answer): Promise<WrittenJson> {
  const sink = new JsonSink();
  const steps = writeValue(sink, value);
  while (!steps.next().done) {
    await nextTurn();
    sink.startSlice();
  }
  return sink.finish();
}

/** Returns the text that {@link writeJson} writes, at once: for values that are known to be short. */
export function writeJsonText(value: Answer): string {
  const sink = new JsonSink();
  for (const _slice of writeValue(sink, value)) sink.startSlice();
  return Buffer.concat(sink.finish().chunks).toString("utf8");
}

/** Of the slice that was planned last; slices run one in each turn of the event loop. */
let lastTurn: Promise<void> = Promise.resolve();

function nextTurn(): Promise<void> {
  lastTurn = lastTurn.then(() => setImmediate());
  return lastTurn;
}

/** Yields where a slice is used up. */
function* writeValue(sink: JsonSink, value: Answer): Generator<void, void> {
  if (typeof value === "object" && value !== null) {
    if (value instanceof JsonText) sink.text(value.text);
    else if (value instanceof JsonEntries) yield* writeEntries(sink, value.entries);
    else if (Array.isArray(value)) yield* writeList(sink, value);
    else if (isTensor(value)) yield* writeTensor(sink, value);
    else yield* writeEntries(sink, Object.entries(value as { readonly [key: string]: Answer }));
  } else if (typeof value === "number" && !Number.isFinite(value)) {
    sink.text("null");
    sink.nonFinite++;
  } else {
    sink.text(JSON.stringify(value));
  }
  if (sink.isDue(1)) yield;
}

function* writeList(sink: JsonSink, list: readonly Answer[]): Generator<void, void> {
  sink.text("[");
  for (let i = 0; i < list.length; i++) {
    if (i > 0) sink.text(",");
    yield* writeValue(sink, list[i] ?? null);
  }
  sink.text("]");
}

function* writeEntries(sink: JsonSink, entries: JsonEntries["entries"]): Generator<void, void> {
  let separator = "{";
  for (const [name, value] of entries) {
    sink.text(`${separator}${JSON.stringify(name)}:`);
    yield* writeValue(sink, value);
    separator = ",";
  }
  sink.text(separator === "{" ? "{}" : "}");
}
