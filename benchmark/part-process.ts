import { runLoad } from "./load-client.ts";
import { measureDecode, measureDecodeGeneral, measurePreprocess } from "./measure-image-stages.ts";
import { measureJson } from "./measure-json.ts";
import { measureSession } from "./measure-session.ts";
import { measureSpinning } from "./measure-spinning.ts";
import { runOpenLoop } from "./open-loop-client.ts";
import { runOverload } from "./overload-client.ts";
import { measureModelMemory } from "./soak/measure-model-memory.ts";

/** What can run in a process of its own, so that the process's CPU time is that part's only. */
const PARTS = {
  session: measureSession,
  spinning: measureSpinning,
  decode: measureDecode,
  decodeGeneral: measureDecodeGeneral,
  preprocess: measurePreprocess,
  json: measureJson,
  load: runLoad,
  openLoop: runOpenLoop,
  overload: runOverload,
  modelMemory: measureModelMemory,
};

export type Parts = typeof PARTS;

/** Parent → part, once. */
export interface PartTask {
  readonly part: keyof Parts;
  readonly options: unknown;
}

/** Part → parent: any number of notes, then a result or an error. */
export type PartMessage =
  | { readonly kind: "note"; readonly text: string }
  | { readonly kind: "result"; readonly result: unknown }
  | { readonly kind: "error"; readonly stack: string };

function send(message: PartMessage): void {
  process.send?.(message);
}

async function run({ part, options }: PartTask): Promise<void> {
  // The parent's types bind a part to its options.
  const measure = PARTS[part] as (options: unknown, notify: (text: string) => void) => Promise<unknown>;
  try {
    send({ kind: "result", result: await measure(options, (text) => send({ kind: "note", text })) });
  } catch (error) {
    send({ kind: "error", stack: String((error as Error).stack) });
  }
}

process.once("message", (task: PartTask) => void run(task));
// Without its parent nobody waits for the result.
process.once("disconnect", () => process.exit(1));
