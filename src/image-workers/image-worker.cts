// The program of an image worker. It is CommonJS because piscina loads it with require(): of an ES module, in a thread
// that is ended while it loads, Node 20 makes a fatal error of the whole process (v8::Module::IsGraphAsync).
const loaded = import("./run-image-task.ts");
const { writeSync } = process.getBuiltinModule("node:fs");

// Piscina makes an error outside of a task (a timer of a handler, a promise that nobody waits for) one of the whole
// process. The worker goes on, since its end could cut off the decoding of another image.
process.on("uncaughtException", (error: unknown) => {
  // One line, as everything on standard error is.
  const told = String((error as Error)?.stack ?? error).replaceAll(/\s*\n\s*/g, " ");
  writeSync(2, `onnx-serving: an error in an image worker that nobody waits for: ${told}\n`);
});

/**
 * Runs one task; see `run-image-task.ts`. It is a promise so that piscina gives the thread no task before all is loaded:
 * a thread that is ended while it loads leaves the files open that it was reading.
 */
module.exports = loaded.then(({ runImageTask }) => runImageTask);
