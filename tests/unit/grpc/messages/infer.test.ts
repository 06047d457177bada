import { describe, expect, test } from "vitest";
import { readInfer } from "../../../../src/grpc/messages/infer-request.ts";
import { writeInfer } from "../../../../src/grpc/messages/infer-response.ts";
import { MessageWriter } from "../../../../src/grpc/wire/message-writer.ts";
import { fromHex, grpcReferences } from "../../../support/grpc/references.ts";
import { errorOf } from "../../protocol/error-of.ts";

const { inferRaw, inferContents, inferResponse } = grpcReferences();

describe("readInfer", () => {
  test("reads what tritonclient sends", () => {
    const read = readInfer(fromHex(inferRaw.request));
    expect(read).toMatchObject({
      name: "m",
      version: "1",
      isRaw: true,
      signatureName: "scores",
      parameters: { k: 2 },
      reply: { id: "abc", outputs: [{ name: "y", classification: 3 }] },
    });
    const [image, row] = read.inputs;
    expect(image).toMatchObject({ name: "image", datatype: "BYTES", shape: [2, 1] });
    expect(image?.content).toEqual({
      kind: "binary",
      bytes: Buffer.concat([Buffer.of(4, 0, 0, 0), Buffer.from("\x89PNG", "latin1"), Buffer.of(0, 0, 0, 0)]),
    });
    expect(row).toMatchObject({ name: "x", datatype: "FP32", shape: [1, 2] });
  });

  test.each(inferContents)("reads contents of $datatype as its raw bytes", ({ request, raw }) => {
    const { inputs, isRaw } = readInfer(fromHex(request));
    expect(isRaw).toBe(false);
    const content = inputs[0]?.content;
    const bytes = content?.kind === "binary" ? Buffer.from(content.bytes).toString("hex") : undefined;
    expect(bytes).toBe(raw);
  });

  const numbers = (field: number, ...values: number[]) =>
    new MessageWriter().packed(field, BigInt64Array.from(values, BigInt));
  const input = (datatype: string, shape: number[], contents?: MessageWriter) => {
    const tensor = new MessageWriter()
      .text(1, "x")
      .text(2, datatype)
      .packed(3, BigInt64Array.from(shape, BigInt));
    return contents === undefined ? tensor : tensor.message(5, contents);
  };

  test.each([
    ["contents and raw contents", input("INT8", [1], numbers(2, 1)), [Buffer.of(1)]],
    ["more raw contents than inputs", input("INT8", [1]), [Buffer.of(1), Buffer.of(1)]],
    ["contents in another type's field", input("INT8", [1], numbers(3, 1)), []],
    ["fewer elements than the shape needs", input("INT8", [2], numbers(2, 1)), []],
    ["more elements than the shape needs", input("INT8", [1], numbers(2, 1, 2)), []],
    ["an element out of range", input("INT8", [1], numbers(2, 128)), []],
    ["a negative size", input("INT8", [-1]), []],
    ["half-precision contents", input("FP16", [1], numbers(2, 1)), []],
  ])("refuses %s", (_, tensor, raw) => {
    const message = new MessageWriter().text(1, "m").message(5, tensor);
    for (const bytes of raw) message.bytes(7, bytes);
    expect(errorOf(() => readInfer(message.finish())).code).toBe("INVALID_ARGUMENT");
  });

  test("refuses shared memory", () => {
    const value = new MessageWriter().text(3, "region");
    const tensor = input("INT8", [1], numbers(2, 1)).entry(4, "shared_memory_region", value);
    const message = new MessageWriter().message(5, tensor).finish();
    expect(errorOf(() => readInfer(message)).message).toContain("shared memory");
  });
});

describe("writeInfer", () => {
  const y = { dtype: "float32", shape: [1, 2], data: Float32Array.of(0.25, 0.75) } as const;
  const answer = { modelName: "m", modelVersion: "1", outputs: [["y", y]] } as const;

  test("writes raw contents as Triton's messages have them", () => {
    expect(writeInfer({ ...answer, id: "abc", isRaw: true }).toString("hex")).toBe(inferResponse.raw);
  });

  test("writes contents by type", () => {
    expect(writeInfer({ ...answer, id: undefined, isRaw: false }).toString("hex")).toBe(inferResponse.typed);
  });

  test("writes half-precision numbers raw, as they have no other place", () => {
    const half = { dtype: "float16", shape: [1], data: Uint16Array.of(0x3c00) } as const;
    const written = writeInfer({ ...answer, outputs: [["h", half]], id: undefined, isRaw: false });
    expect(written.subarray(-4)).toEqual(Buffer.of(0x32, 2, 0x00, 0x3c));
  });
});
