import { describe, expect, test } from "vitest";
import { tfsMetadata } from "../../../src/protocol/tfs-metadata.ts";
import { DTYPES } from "../../../src/tensor/dtype.ts";

describe("tfsMetadata", () => {
  test("describes a signature as protobuf's JSON does", () => {
    const x = { name: "x", dtype: "float32", shape: ["N", 3] } as const;
    const boxes = { name: "boxes", dtype: "string" } as const;
    expect(
      tfsMetadata({
        name: "m",
        version: 2,
        signatures: [{ name: "serving_default", inputs: [x], outputs: [boxes] }],
      }),
    ).toEqual({
      model_spec: { name: "m", signature_name: "", version: "2" },
      metadata: {
        signature_def: {
          signature_def: {
            serving_default: {
              inputs: {
                x: {
                  dtype: "DT_FLOAT",
                  tensor_shape: {
                    dim: [
                      { size: "-1", name: "" },
                      { size: "3", name: "" },
                    ],
                    unknown_rank: false,
                  },
                  name: "x",
                },
              },
              outputs: {
                boxes: { dtype: "DT_STRING", tensor_shape: { dim: [], unknown_rank: true }, name: "boxes" },
              },
              method_name: "tensorflow/serving/predict",
              defaults: {},
            },
          },
        },
      },
    });
  });

  test("describes an image input as one string for each image", () => {
    const pixels = { name: "pixels", dtype: "float32", shape: ["N", 3, 224, 224] } as const;
    const metadata = tfsMetadata({
      name: "m",
      version: 1,
      imageInput: "pixels",
      signatures: [{ name: "class", inputs: [pixels], outputs: [] }],
    });
    expect(metadata).toMatchObject({
      metadata: {
        signature_def: {
          signature_def: {
            class: {
              inputs: { pixels: { dtype: "DT_STRING", tensor_shape: { dim: [{ size: "-1" }] } } },
            },
          },
        },
      },
    });
  });

  test("names every type as TensorFlow does", () => {
    const outputs = DTYPES.map((dtype) => ({ name: dtype, dtype, shape: [] }));
    const text = JSON.stringify(
      tfsMetadata({ name: "m", version: 1, signatures: [{ name: "s", inputs: [], outputs }] }),
    );
    expect([...text.matchAll(/DT_\w+/g)].map(String)).toEqual([
      ..."DT_FLOAT DT_DOUBLE DT_HALF DT_INT8 DT_INT16 DT_INT32 DT_INT64".split(" "),
      ..."DT_UINT8 DT_UINT16 DT_UINT32 DT_UINT64 DT_BOOL DT_STRING".split(" "),
    ]);
  });
});
