import { describe, expect, test } from "vitest";
import { readTensorProto, toTensor } from "../../../../src/grpc/messages/read-tensor-proto.ts";
import { writeTensorProto } from "../../../../src/grpc/messages/write-tensor-proto.ts";
import { MessageReader } from "../../../../src/grpc/wire/message-reader.ts";
import type { Tensor } from "../../../../src/tensor/tensor.ts";
import { fromHex, grpcReferences } from "../../../support/grpc/references.ts";
import { errorOf } from "../../protocol/error-of.ts";

const { tensors, refusedTensors } = grpcReferences();

function read(hex: string): Tensor {
  return toTensor(readTensorProto(new MessageReader(fromHex(hex)), "inputs['x']"), "inputs['x']");
}

function plain({ dtype, shape, data }: Tensor) {
  return {
    dtype,
    shape,
    data: Array.from<unknown, unknown>(data, (one) => (typeof one === "bigint" ? String(one) : one)),
  };
}

describe("toTensor", () => {
  test.each(tensors)("reads $name", ({ hex, dtype, shape, data }) => {
    expect(plain(read(hex))).toEqual({ dtype, shape, data });
  });

  test("gives the tensor memory of its own", () => {
    const [reference] = tensors.filter(({ name }) => name === "float32 in tensor_content");
    const bytes = fromHex(reference?.hex ?? "");
    const tensor = toTensor(readTensorProto(new MessageReader(bytes), "x"), "x");
    bytes.fill(0);
    expect(plain(tensor).data).toEqual(reference?.data);
  });

  test.each(refusedTensors)("refuses $name", ({ hex }) => {
    expect(errorOf(() => read(hex)).code).toBe("INVALID_ARGUMENT");
  });
});

describe("writeTensorProto", () => {
  test.each(tensors.filter(({ isAnswer }) => isAnswer))("writes $name as Python does", ({ hex }) => {
    expect(writeTensorProto(read(hex)).finish().toString("hex")).toBe(hex);
  });

  test("writes bytes that are no text as they are", () => {
    const data = [Buffer.from([0xff, 0x00])];
    const written = writeTensorProto({ dtype: "bytes", shape: [1], data }).finish();
    const { strings } = readTensorProto(new MessageReader(written), "x");
    expect(strings).toEqual(data);
  });
});
