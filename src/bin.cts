#!/usr/bin/env node
// What must stand in the environment before anything else runs. This file is CommonJS because loading an ES
// module already starts libuv's thread pool, whose size can't be changed afterwards.
const os = process.getBuiltinModule("node:os");

// By default Node opens its debugger on this signal.
process.on("SIGUSR1", () => {});

// Each decode by sharp takes one of these threads; usual JPEGs are decoded without.
process.env.UV_THREADPOOL_SIZE ??= String(Math.max(4, os.availableParallelism()));
// ONNX Runtime opens an uploader when its library loads, unless this is set.
process.env.ORT_DISABLE_TELEMETRY ??= "1";

const FLAGS = [
  // V8 collects the old generation when less room is left than the young one could fill. Here that is always, so it did
  // every other second. With these it begins at so many percent of the way to the limit: under load its threads took 3.6
  // instead of 5.5 % of the CPU time.
  "--incremental-marking-soft-trigger=70",
  "--incremental-marking-hard-trigger=90",
  // Of the threads that start from here on, not of this one. An image or a batch leaves little behind: with room for 16
  // MiB each grew to that, and four of them held 42 MiB more, for the same CPU time.
  "--max-semi-space-size=2",
];
for (const flag of FLAGS) process.getBuiltinModule("node:v8").setFlagsFromString(flag);

// The first process of a container has no default reaction to signals: until `serve` drains, these end it. Any other
// command that did not come to its end must not look like one that did.
const isServe = ["serve", undefined].includes(process.argv[2]) || process.argv[2]?.startsWith("-");
for (const [signal, number] of [
  ["SIGTERM", 15],
  ["SIGINT", 2],
] as const) {
  process.on(signal, () => process.exit(isServe ? 0 : 128 + number));
}

void import("./main.ts");
