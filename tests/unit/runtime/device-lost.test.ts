import { describe, expect, test } from "vitest";
import { isDeviceLost } from "../../../src/runtime/device-lost.ts";

const PLACE =
  "; GPU=0 ; hostname=a ; file=/onnxruntime/core/providers/cuda/cuda_call.cc ; line=129 ; expr=cudaMalloc();";

describe("isDeviceLost", () => {
  test.each([
    `CUDA failure 700: an illegal memory access was encountered ${PLACE}`,
    `Non-zero status code returned while running Conv node. CUDNN failure 4: CUDNN_STATUS_INTERNAL_ERROR ${PLACE}`,
    `CUBLAS failure 14: CUBLAS_STATUS_INTERNAL_ERROR ${PLACE}`,
    `CUDA failure 999: unknown error ${PLACE}`,
  ])("of %s is true", (message) => {
    expect(isDeviceLost(message)).toBe(true);
  });

  test.each([
    `CUDA failure 2: out of memory ${PLACE}`,
    `CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED ${PLACE}`,
    `CUDNN failure 5003: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED ${PLACE}`,
    "Failed to allocate memory for requested buffer of size 1024",
    "Got invalid dimensions for input: x for the following indices",
  ])("of %s is false", (message) => {
    expect(isDeviceLost(message)).toBe(false);
  });
});
