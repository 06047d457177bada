#!/usr/bin/env node
// What must stand in the environment before anything else runs. This file is CommonJS because loading an ES
// module already starts libuv's thread pool, whose size can't be changed afterwards.
const os = process.getBuiltinModule("node:os");

// Each decode by sharp takes one of these threads; usual JPEGs are decoded without.
process.env.UV_THREADPOOL_SIZE ??= String(Math.max(4, os.availableParallelism()));
// ONNX Runtime opens an uploader when its library loads, unless this is set.
process.env.ORT_DISABLE_TELEMETRY ??= "1";

// The first process of a container has no default reaction to signals: until `serve` drains, these end it.
for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => process.exit(0));

void import("./main.ts");
