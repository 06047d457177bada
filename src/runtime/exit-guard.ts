/** Native calls that are under way, on all threads. */
let calls = 0;
let isGuarding = false;

/**
 * Tells that a thread enters a native call of ONNX Runtime, and returns what to call when it has come back.
 *
 * Nothing can end a thread within such a call. A process that exits meanwhile would wait for it, for ever if it hangs,
 * and then be aborted by the binding. It is aborted at once instead: exit code 134, as the first process of a container 139.
 */
export function enterNativeCall(): () => void {
  if (!isGuarding) {
    isGuarding = true;
    process.once("exit", () => {
      if (calls === 0) return;
      process.stderr.write("onnx-serving: a thread does not come back from ONNX Runtime; aborting\n");
      process.abort();
    });
  }
  let isInside = true;
  calls += 1;
  return () => {
    if (isInside) calls -= 1;
    isInside = false;
  };
}
