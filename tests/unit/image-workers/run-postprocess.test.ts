import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, test } from "vitest";
import { runPostprocess } from "../../../src/image-workers/run-postprocess.ts";
import type { RowResult } from "../../../src/signature/render-signature.ts";
import type { Tensors } from "../../../src/tensor/tensor.ts";
import type { Value } from "../../../src/tensor/value.ts";
import { temporaryModelFolder } from "../../support/model-folder.ts";
import { tensor } from "../../support/onnx/tensor-proto.ts";

/** Takes a row of outputs through a `postprocess` of this text. */
function answer(hook: string, outputs: Tensors, rest: Pick<RowResult, "origin"> = {}): Promise<Value> {
  const folder = temporaryModelFolder({ "handler.mjs": `export const postprocess = ${hook};` });
  const url = pathToFileURL(join(folder, "handler.mjs")).href;
  const labels = ["cat"];
  return runPostprocess({
    kind: "postprocess",
    url,
    result: { outputs, ...rest },
    labels,
    parameters: { gain: 2 },
  });
}

describe("runPostprocess", () => {
  test("hands the tensors by name, the labels, the parameters, and where the row's pixels came from", async () => {
    const size = { height: 1, width: 1 };
    const origin = { source: size, resized: size, top: 0, left: 0, row: size };
    const returned = await answer(
      "async ({ y, h }, context) => [y.dtype, y.shape, y.data[0] + context.parameters.gain, h.data, context]",
      { y: tensor("float32", [1], [0.5]), h: { dtype: "float16", shape: [1], data: Uint16Array.of(0x3800) } },
      { origin },
    );
    const context = { labels: ["cat"], origin, parameters: { gain: 2 } };
    expect(returned).toEqual(["float32", [1], 2.5, tensor("float32", [1], [0.5]), context]);
  });

  test.each(["({ z }) => z.data", "() => () => 1", "() => {}"])(
    "throws INTERNAL that names the hook, and the cause for the log, of %s",
    async (hook) => {
      await expect(answer(hook, { y: tensor("float32", [1], [0.5]) })).rejects.toMatchObject({
        name: "ServingError",
        code: "INTERNAL",
        message: "handler.mjs failed in postprocess",
        cause: expect.any(TypeError),
      });
    },
  );
});
