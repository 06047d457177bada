import { describe, expect, test } from "vitest";
import { describeLoadError } from "../../../src/runtime/describe-load-error.ts";

describe("describeLoadError", () => {
  // The messages are those of onnxruntime-node 1.30.
  test.each([
    [
      "Load model from m.onnx failed:/onnxruntime_src/onnxruntime/core/graph/model.cc:202 onnxruntime::Model::Model(onnx::ModelProto&&, const onnxruntime::PathString&, const onnxruntime::ModelOptions&) Unsupported model IR version: 99, max supported IR version: 13\n",
      "Load model from m.onnx failed: Unsupported model IR version: 99, max supported IR version: 13",
    ],
    [
      "Exception during initialization: /onnxruntime_src/onnxruntime/core/optimizer/optimizer_execution_frame.cc:74 onnxruntime::OptimizerExecutionFrame::Info::Info(const std::function<bool(const std::__cxx11::basic_string<char>&)>&, const onnxruntime::logging::Logger&) [ONNXRuntimeError] : 1 : FAIL : tensorprotoutils.cc:1763 GetExtDataFromTensorProto External initializer: w offset: 0 size to read: 4000 given file_length: 100 are out of bounds or can not be read in full.\n",
      "Exception during initialization: External initializer: w offset: 0 size to read: 4000 given file_length: 100 are out of bounds or can not be read in full.",
    ],
    [
      'Load model from m.onnx failed:This is an invalid model. In Node, ("", Foo, "", -1) : ("x": tensor(float),) -> ("y": tensor(float),) , Error No Op registered for Foo with domain_version of 17',
      'Load model from m.onnx failed:This is an invalid model. In Node, ("", Foo, "", -1) : ("x": tensor(float),) -> ("y": tensor(float),) , Error No Op registered for Foo with domain_version of 17',
    ],
  ])("keeps the reason of %s", (message, reason) => {
    expect(describeLoadError(message)).toBe(reason);
  });
});
