"""tritonclient over gRPC."""

import threading

import pytest
from digits import NAMES, PNGS, ROWS

np = pytest.importorskip("numpy")
triton = pytest.importorskip("tritonclient.grpc")
grpc = pytest.importorskip("grpc")
SECONDS = 20


@pytest.fixture
def client(grpc_address):
    with triton.InferenceServerClient(grpc_address) as opened:
        yield opened


def images(shape=(10,), pngs=PNGS):
    tensor = triton.InferInput("pixel_values", list(shape), "BYTES")
    return tensor.set_data_from_numpy(np.array(pngs, dtype=np.object_).reshape(shape))


def test_probes(client):
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("model") and client.is_model_ready("model", "1")
    assert not client.is_model_ready("none")


def test_metadata(client):
    assert client.get_server_metadata().name == "onnx-serving"
    metadata = client.get_model_metadata("model")
    tensors = [(one.name, one.datatype, list(one.shape)) for one in (*metadata.inputs, *metadata.outputs)]
    assert tensors == [("pixel_values", "BYTES", [-1]), ("logits", "FP32", [-1, 10])]


@pytest.mark.parametrize("shape", [(10,), (10, 1)])
def test_images(client, shape):
    result = client.infer("model", [images(shape)], request_id="call-7")
    assert result.as_numpy("logits").argmax(axis=1).tolist() == list(range(10))
    assert (result.get_response().id, result.get_response().model_version) == ("call-7", "1")


def test_signature(client):
    result = client.infer("model", [images()], parameters={"signature_name": "label"})
    assert result.as_numpy("label").tolist() == [name.encode() for name in NAMES]


def test_classification(client):
    wanted = [triton.InferRequestedOutput("logits", class_count=2)]
    classes = client.infer("model", [images()], outputs=wanted).as_numpy("logits")
    assert classes.shape == (10, 2)
    for digit, best in enumerate(classes[:, 0]):
        score, index, label = best.decode().split(":")
        assert (int(index), label) == (digit, NAMES[digit]) and float(score) > 0


def test_plain_tensors(client):
    rows = np.random.default_rng(7).normal(size=ROWS).astype(np.float32)
    tensor = triton.InferInput("pixel_values", list(ROWS), "FP32").set_data_from_numpy(rows)
    assert client.infer("model", [tensor], model_version="1").as_numpy("logits").shape == (2, 10)


def test_async_infer(client):
    answers, done = {}, threading.Semaphore(0)

    def keep(number):
        def callback(result, error):
            answers[number] = error or int(result.as_numpy("class")[0])
            done.release()

        return callback

    for number in range(32):
        one = images((1,), [PNGS[number % 10]])
        client.async_infer("model", [one], keep(number), parameters={"signature_name": "class"})
    for _ in range(32):
        assert done.acquire(timeout=SECONDS)
    assert answers == {number: number % 10 for number in range(32)}


def test_refusals(client):
    with pytest.raises(triton.InferenceServerException, match="nothing"):
        client.infer("nothing", [images()])
    wrong = triton.InferInput("z", [1], "FP32").set_data_from_numpy(np.zeros(1, np.float32))
    with pytest.raises(triton.InferenceServerException, match="'z'"):
        client.infer("model", [wrong])


def test_typed_contents_are_answered_with_typed_contents(grpc_address):
    with grpc.insecure_channel(grpc_address) as channel:
        stub = triton.service_pb2_grpc.GRPCInferenceServiceStub(channel)
        request = triton.service_pb2.ModelInferRequest(model_name="model")
        tensor = request.inputs.add(name="pixel_values", datatype="BYTES", shape=[10])
        tensor.contents.bytes_contents.extend(PNGS)
        request.parameters["signature_name"].string_param = "class"
        response = stub.ModelInfer(request, timeout=SECONDS)
    assert not response.raw_output_contents
    assert list(response.outputs[0].contents.int64_contents) == list(range(10))
