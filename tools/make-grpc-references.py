"""Makes tests/unit/grpc/fixtures/messages.json: messages as the clients' own Python libraries write them.

    python tools/make-grpc-references.py

Needs tensorflow-serving-api, tensorflow (of which only the message classes are used) and tritonclient[grpc]. Each
tensor is stored as the bytes of its message, in hexadecimal, with what they stand for; 64-bit integers as strings.
Nothing is downloaded.

The stored ones ran with tensorflow-serving-api 2.21.0, tensorflow 2.21.0, tritonclient 2.73.0 and protobuf 7.36.2.
"""

import importlib.metadata
import json
from pathlib import Path

import numpy as np
from google.protobuf.internal.encoder import TagBytes
from tensorflow.core.example import example_pb2, feature_pb2
from tensorflow.core.framework import tensor_pb2, tensor_shape_pb2, types_pb2
from tensorflow_serving.apis import classification_pb2, predict_pb2, regression_pb2
from tritonclient.grpc import InferInput, InferRequestedOutput, service_pb2

OUT = Path(__file__).resolve().parent.parent / "tests" / "unit" / "grpc" / "fixtures" / "messages.json"
LIBRARIES = ["tensorflow-serving-api", "tritonclient", "protobuf"]

# TensorFlow's name, the field of its elements, NumPy's type, ours, and elements at the edges of its range.
TYPES = [
    ("DT_FLOAT", "float_val", np.float32, "float32", [0.5, -1.25, 3.4e38, 0.0]),
    ("DT_DOUBLE", "double_val", np.float64, "float64", [0.1, -1e300, 0.0, 2.5]),
    ("DT_HALF", "half_val", np.float16, "float16", [1.0, -2.0, 65504.0, 0.0]),
    ("DT_INT8", "int_val", np.int8, "int8", [-128, 127, 0, -1]),
    ("DT_INT16", "int_val", np.int16, "int16", [-32768, 32767, 0, -1]),
    ("DT_INT32", "int_val", np.int32, "int32", [-(2**31), 2**31 - 1, 0, -1]),
    ("DT_INT64", "int64_val", np.int64, "int64", [-(2**63), 2**63 - 1, 0, 2**53 + 1]),
    ("DT_UINT8", "int_val", np.uint8, "uint8", [0, 255, 1, 128]),
    ("DT_UINT16", "int_val", np.uint16, "uint16", [0, 65535, 1, 32768]),
    ("DT_UINT32", "uint32_val", np.uint32, "uint32", [0, 2**32 - 1, 1, 2**31]),
    ("DT_UINT64", "uint64_val", np.uint64, "uint64", [0, 2**64 - 1, 1, 2**63]),
    ("DT_BOOL", "bool_val", np.bool_, "bool", [True, False, False, True]),
]


def main() -> None:
    fixture = {
        "versions": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "tensors": list(tensors()),
        "refusedTensors": list(refused_tensors()),
        "predict": predict(),
        "examples": examples(),
        "results": results(),
        "inferRaw": infer_raw(),
        "inferContents": list(infer_contents()),
        "inferResponse": infer_response(),
    }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(fixture, indent=1) + "\n")
    print(f"{OUT}: {OUT.stat().st_size} bytes")


def shape_of(*sizes: int) -> tensor_shape_pb2.TensorShapeProto:
    return tensor_shape_pb2.TensorShapeProto(dim=[{"size": size} for size in sizes])


def tensor_of(tf_name: str, shape: tuple[int, ...], **fields) -> tensor_pb2.TensorProto:
    dtype = getattr(types_pb2, tf_name)
    return tensor_pb2.TensorProto(dtype=dtype, tensor_shape=shape_of(*shape), **fields)


def as_hex(message) -> str:
    return message.SerializeToString(deterministic=True).hex()


def plain(value):
    """As JSON holds it without loss; halves as their bits."""
    if isinstance(value, np.float16):
        return int(value.view(np.uint16))
    if isinstance(value, (np.int64, np.uint64)):
        return str(value)
    return int(value) if isinstance(value, np.bool_) else value.item()


def elements(array: np.ndarray) -> list:
    """What a `_val` field takes."""
    return array.view(np.uint16).tolist() if array.dtype == np.float16 else array.tolist()


def tensors():
    for tf_name, field, numpy_type, dtype, values in TYPES:
        array = np.array(values, dtype=numpy_type)
        wanted = {"dtype": dtype, "shape": [2, 2], "data": [plain(one) for one in array]}
        one_by_one = tensor_of(tf_name, (2, 2), **{field: elements(array)})
        yield {"name": f"{dtype} in {field}", "hex": as_hex(one_by_one), "isAnswer": True, **wanted}
        in_one_piece = tensor_of(tf_name, (2, 2), tensor_content=array.tobytes())
        yield {"name": f"{dtype} in tensor_content", "hex": as_hex(in_one_piece), **wanted}
        last = [wanted["data"][1]] * 3
        short = tensor_of(tf_name, (2, 2), **{field: elements(array)[:2]})
        yield {"name": f"{dtype}, the last one for the rest", "hex": as_hex(short), **wanted,
               "data": [wanted["data"][0], *last]}
        empty = tensor_of(tf_name, (2, 2))
        yield {"name": f"{dtype} without elements", "hex": as_hex(empty), **wanted,
               "data": ["0" if "64" in dtype and "int" in dtype else 0] * 4}
    yield {"name": "string", "dtype": "string", "shape": [2], "data": ["a", "zürich"], "isAnswer": True,
           "hex": as_hex(tensor_of("DT_STRING", (2,), string_val=[b"a", "zürich".encode()]))}
    yield {"name": "scalar", "dtype": "float32", "shape": [], "data": [2.0], "isAnswer": True,
           "hex": as_hex(tensor_of("DT_FLOAT", (), float_val=[2.0]))}
    yield {"name": "no rows", "dtype": "float32", "shape": [0, 3], "data": [], "isAnswer": True,
           "hex": as_hex(tensor_of("DT_FLOAT", (0, 3)))}
    unpacked = tensor_of("DT_INT64", (3,)).SerializeToString()
    unpacked += b"".join(TagBytes(10, 0) + bytes([value]) for value in (1, 2, 3))
    yield {"name": "unpacked elements", "dtype": "int64", "shape": [3], "data": ["1", "2", "3"],
           "hex": unpacked.hex()}


def refused_tensors():
    yield {"name": "more elements than the shape has",
           "hex": as_hex(tensor_of("DT_FLOAT", (2,), float_val=[1, 2, 3]))}
    yield {"name": "an element out of range", "hex": as_hex(tensor_of("DT_UINT8", (1,), int_val=[256]))}
    yield {"name": "tensor_content of another size",
           "hex": as_hex(tensor_of("DT_FLOAT", (2,), tensor_content=b"\0" * 7))}
    yield {"name": "a type that the server can't hold",
           "hex": as_hex(tensor_of("DT_COMPLEX64", (1,), scomplex_val=[1, 2]))}
    yield {"name": "an unknown rank", "hex": as_hex(tensor_pb2.TensorProto(
        dtype=types_pb2.DT_FLOAT, tensor_shape=tensor_shape_pb2.TensorShapeProto(unknown_rank=True)))}
    yield {"name": "an unknown size", "hex": as_hex(tensor_of("DT_FLOAT", (-1,), float_val=[1]))}
    yield {"name": "strings that are no UTF-8", "hex": as_hex(tensor_of("DT_STRING", (1,), string_val=[b"\xff"]))}


def predict() -> dict:
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "m"
    request.model_spec.version.value = 3
    request.model_spec.signature_name = "scores"
    request.inputs["x"].CopyFrom(tensor_of("DT_FLOAT", (1, 2), float_val=[1, 2]))
    request.output_filter.append("scores")
    labelled = predict_pb2.PredictRequest()
    labelled.model_spec.name = "m"
    labelled.model_spec.version_label = "stable"
    response = predict_pb2.PredictResponse()
    response.model_spec.name = "m"
    response.model_spec.version.value = 3
    response.model_spec.signature_name = "scores"
    response.outputs["scores"].CopyFrom(tensor_of("DT_FLOAT", (1, 2), float_val=[0.25, 0.75]))
    return {"request": as_hex(request), "labelled": as_hex(labelled), "response": as_hex(response)}


def examples() -> dict:
    feature = lambda **kind: feature_pb2.Feature(**kind)
    example = example_pb2.Example(features=feature_pb2.Features(feature={
        "image/encoded": feature(bytes_list=feature_pb2.BytesList(value=[b"\x89PNG"])),
        "x": feature(float_list=feature_pb2.FloatList(value=[1.5, -2])),
        "n": feature(int64_list=feature_pb2.Int64List(value=[-1, 2**62])),
        "empty": feature(float_list=feature_pb2.FloatList()),
    }))
    context = example_pb2.Example(features=feature_pb2.Features(feature={
        "c": feature(float_list=feature_pb2.FloatList(value=[7]))}))
    plain_list = classification_pb2.ClassificationRequest()
    plain_list.model_spec.name = "m"
    plain_list.input.example_list.examples.extend([example, example])
    with_context = regression_pb2.RegressionRequest()
    with_context.model_spec.name = "m"
    with_context.input.example_list_with_context.examples.append(example)
    with_context.input.example_list_with_context.context.CopyFrom(context)
    return {"list": as_hex(plain_list), "withContext": as_hex(with_context)}


def results() -> dict:
    classification = classification_pb2.ClassificationResponse()
    classification.model_spec.name = "m"
    classification.model_spec.version.value = 1
    classification.result.classifications.add(classes=[
        {"label": "cat", "score": 0.75}, {"label": "", "score": 0.25}, {"label": "none", "score": 0}])
    regression = regression_pb2.RegressionResponse()
    regression.model_spec.name = "m"
    regression.model_spec.version.value = 1
    regression.result.regressions.add(value=-1.5)
    regression.result.regressions.add(value=0)
    return {"classification": as_hex(classification), "regression": as_hex(regression)}


def infer_request(inputs: list[InferInput], outputs: list[InferRequestedOutput]) -> service_pb2.ModelInferRequest:
    request = service_pb2.ModelInferRequest(model_name="m", model_version="1", id="abc")
    for one in inputs:
        request.inputs.append(one._get_tensor())
        request.raw_input_contents.append(one._get_content())
    request.outputs.extend(one._get_tensor() for one in outputs)
    return request


def infer_raw() -> dict:
    image = InferInput("image", [2, 1], "BYTES").set_data_from_numpy(np.array([[b"\x89PNG"], [b""]], dtype=object))
    row = InferInput("x", [1, 2], "FP32").set_data_from_numpy(np.array([[1.5, -2]], dtype=np.float32))
    request = infer_request([image, row], [InferRequestedOutput("y", class_count=3)])
    request.parameters["signature_name"].string_param = "scores"
    request.parameters["k"].int64_param = 2
    return {"request": as_hex(request)}


def infer_contents():
    for datatype, field, numpy_type, values in [
        ("BOOL", "bool_contents", np.bool_, [True, False]),
        ("INT8", "int_contents", np.int8, [-128, 127]),
        ("INT16", "int_contents", np.int16, [-32768, 32767]),
        ("INT32", "int_contents", np.int32, [-(2**31), 2**31 - 1]),
        ("INT64", "int64_contents", np.int64, [-(2**63), 2**63 - 1]),
        ("UINT8", "uint_contents", np.uint8, [0, 255]),
        ("UINT16", "uint_contents", np.uint16, [0, 65535]),
        ("UINT32", "uint_contents", np.uint32, [0, 2**32 - 1]),
        ("UINT64", "uint64_contents", np.uint64, [0, 2**64 - 1]),
        ("FP32", "fp32_contents", np.float32, [0.5, -1.25]),
        ("FP64", "fp64_contents", np.float64, [0.1, -1e300]),
        ("BYTES", "bytes_contents", object, [b"a", b"\xff\x00"]),
    ]:
        array = np.array(values, dtype=numpy_type)
        request = service_pb2.ModelInferRequest(model_name="m")
        tensor = request.inputs.add(name="x", datatype=datatype, shape=[2])
        getattr(tensor.contents, field).extend(values if numpy_type is object else array.tolist())
        raw = InferInput("x", [2], datatype).set_data_from_numpy(array)._get_content()
        yield {"datatype": datatype, "request": as_hex(request), "raw": raw.hex()}


def infer_response() -> dict:
    response = service_pb2.ModelInferResponse(model_name="m", model_version="1", id="abc")
    response.outputs.add(name="y", datatype="FP32", shape=[1, 2])
    response.raw_output_contents.append(np.array([0.25, 0.75], dtype=np.float32).tobytes())
    typed = service_pb2.ModelInferResponse(model_name="m", model_version="1")
    tensor = typed.outputs.add(name="y", datatype="FP32", shape=[1, 2])
    tensor.contents.fp32_contents.extend([0.25, 0.75])
    return {"raw": as_hex(response), "typed": as_hex(typed)}


main()
