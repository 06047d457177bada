import { toNumbers } from "../signature/scores.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Value } from "../tensor/value.ts";
import { callHook } from "./call-hook.ts";
import type { HandlerTensor } from "./handler.ts";
import type { PostprocessTask } from "./image-task.ts";
import { importHandler } from "./load-handler.ts";
import { toValue } from "./to-value.ts";

/**
 * Returns what a handler's `postprocess` makes of one row of outputs.
 *
 * @throws {ServingError} what `callHook` throws, also when it returns what is no JSON.
 */
export async function runPostprocess({ url, result, labels, parameters }: PostprocessTask): Promise<Value> {
  const { postprocess } = await importHandler(url);
  const outputs = Object.fromEntries(
    Object.entries(result.outputs).map(([name, tensor]) => [name, toHandlerTensor(tensor)]),
  );
  const { origin } = result;
  return callHook("postprocess", async () =>
    toValue(
      await postprocess?.(outputs, {
        ...(labels === undefined ? {} : { labels }),
        ...(origin === undefined ? {} : { origin }),
        parameters,
      }),
    ),
  );
}

function toHandlerTensor(tensor: Tensor): HandlerTensor {
  const { dtype, shape, data } = tensor;
  return dtype === "float16"
    ? { dtype, shape, data: toNumbers(tensor) as Float32Array }
    : { dtype, shape, data };
}
