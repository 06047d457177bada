"""Clients of the Open Inference Protocol over REST: tritonclient, and requests for the raw form."""

import pytest
import requests
from digits import BASE64, NAMES, PNGS, ROWS

np = pytest.importorskip("numpy")


def images(shape, triton):
    encoded = triton.InferInput("pixel_values", shape, "BYTES")
    return encoded.set_data_from_numpy(np.array(PNGS, dtype=object).reshape(shape), binary_data=True)


class TestTritonclient:
    @pytest.fixture(scope="class")
    def triton(self):
        return pytest.importorskip("tritonclient.http")

    @pytest.fixture
    def client(self, triton, http):
        with triton.InferenceServerClient(http.removeprefix("http://")) as opened:
            yield opened

    def test_probes(self, client):
        assert client.is_server_live() and client.is_server_ready()
        assert client.is_model_ready("model") and client.is_model_ready("model", "1")
        assert not client.is_model_ready("none")

    def test_metadata(self, client):
        assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
        assert client.get_model_metadata("model")["inputs"][0]["datatype"] == "BYTES"
        assert client.get_model_repository_index()[0]["state"] == "READY"

    @pytest.mark.parametrize("shape", [[10], [10, 1]])
    def test_images_and_logits_in_binary(self, client, triton, shape):
        logits = client.infer("model", [images(shape, triton)], request_id="ten").as_numpy("logits")
        assert logits.shape == (10, 10) and logits.argmax(axis=1).tolist() == list(range(10))

    def test_images_and_logits_in_json(self, client, triton):
        text = triton.InferInput("pixel_values", [10], "BYTES")
        text.set_data_from_numpy(np.array(BASE64, dtype=object), binary_data=False)
        outputs = [triton.InferRequestedOutput("logits", binary_data=False)]
        answer = client.infer("model", [text], request_id="json", outputs=outputs)
        assert answer.as_numpy("logits").argmax(axis=1).tolist() == list(range(10))
        assert answer.get_response()["id"] == "json"

    @pytest.mark.parametrize("binary", [True, False])
    def test_classification(self, client, triton, binary):
        wanted = triton.InferRequestedOutput("logits", binary_data=binary, class_count=2)
        answer = client.infer("model", [images([10], triton)], outputs=[wanted])
        best = [one.decode() if isinstance(one, bytes) else one for one in answer.as_numpy("logits")[:, 0]]
        assert [one.split(":")[1:] for one in best] == [[str(i), name] for i, name in enumerate(NAMES)]

    def test_signatures(self, client, triton):
        answer = client.infer("model", [images([10], triton)], parameters={"signature_name": "label"})
        assert [one.decode() for one in answer.as_numpy("label")] == NAMES
        parameters = {"signature_name": "top_k", "k": 3}
        answer = client.infer("model", [images([10], triton)], parameters=parameters)
        assert [answer.as_numpy(name).shape for name in ("label", "class", "score")] == [(10, 3)] * 3

    @pytest.mark.parametrize("binary", [True, False])
    def test_plain_tensors(self, client, triton, binary):
        tensor = triton.InferInput("pixel_values", list(ROWS), "FP32")
        tensor.set_data_from_numpy(np.zeros(ROWS, dtype=np.float32), binary_data=binary)
        assert client.infer("model", [tensor]).as_numpy("logits").shape == (2, 10)

    @pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
    def test_compression(self, client, triton, algorithm):
        algorithms = {"request_compression_algorithm": algorithm, "response_compression_algorithm": algorithm}
        answer = client.infer("model", [images([10], triton)], **algorithms)
        assert answer.as_numpy("logits").argmax(axis=1).tolist() == list(range(10))

    def test_async_infer(self, client, triton):
        calls = [client.async_infer("model", [images([10], triton)]) for _ in range(4)]
        assert all(call.get_result().as_numpy("logits").shape == (10, 10) for call in calls)

    @pytest.mark.parametrize("what", ["model", "output", "image", "load"])
    def test_refusals(self, client, triton, what):
        from tritonclient.utils import InferenceServerException

        inputs = [images([10], triton)]
        with pytest.raises(InferenceServerException) as caught:
            if what == "model":
                client.infer("none", inputs)
            elif what == "output":
                client.infer("model", inputs, outputs=[triton.InferRequestedOutput("none")])
            elif what == "image":
                inputs[0].set_data_from_numpy(np.array([b"<html>"] * 10, dtype=object), binary_data=True)
                client.infer("model", inputs)
            else:
                client.load_model("model")
        assert caught.value.status() in ("400", "404", "405")


class TestRequests:
    def test_list_of_models(self, http):
        assert requests.get(f"{http}/v1/models", timeout=20).json() == {"models": ["model"]}

    def test_image_as_the_body(self, http):
        answer = requests.post(f"{http}/v2/models/model/infer", data=PNGS[3], timeout=20).json()
        assert np.argmax(answer["outputs"][0]["data"]) == 3

    def test_raw_request(self, http):
        headers = {"Inference-Header-Content-Length": "0"}
        answer = requests.post(f"{http}/v2/models/model/infer", data=PNGS[3], headers=headers, timeout=20)
        json_bytes = int(answer.headers["Inference-Header-Content-Length"])
        assert np.argmax(np.frombuffer(answer.content[json_bytes:], dtype=np.float32)) == 3
