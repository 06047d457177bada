"""What SageMaker sends to a container, and the serializers of its SDK."""

import io

import pytest
import requests
from digits import BASE64, PATHS, PNGS, ROWS

np = pytest.importorskip("numpy")


def invoke(http, body, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.post(f"{http}/invocations", data=body, headers=headers, timeout=30)


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def test_ping(http):
    assert requests.get(f"{http}/ping", timeout=2).status_code == 200
    assert requests.get(f"{http}/execution-parameters", timeout=2).json()["BatchStrategy"] == "SINGLE_RECORD"


@pytest.mark.parametrize("kind", ["application/x-image", "image/png", "application/octet-stream"])
def test_image(http, kind):
    assert invoke(http, PNGS[6], Content_Type=kind, Accept="*/*").json() == {"prediction": "six"}


def test_json(http):
    headers = {"X-Amzn-SageMaker-Custom-Attributes": "trace=1"}
    body = {"instances": [{"b64": one} for one in BASE64]}
    answer = requests.post(f"{http}/invocations", json=body, headers=headers, timeout=30)
    assert answer.json() == {"predictions": list(range(10))}
    assert answer.headers.items() >= headers.items()


def test_npy(http):
    kind = "application/x-npy"
    answer = invoke(http, npy(np.zeros((4, 28, 28, 3), np.uint8)), Content_Type=kind)
    assert np.array(answer.json()["predictions"]).shape == (4, 10)
    answer = invoke(http, npy(np.zeros(ROWS, np.float32)), Content_Type=kind, Accept=kind)
    outputs = np.load(io.BytesIO(answer.content))
    assert (outputs.shape, outputs.dtype) == ((2, 10), np.float32)


class TestSdk:
    """Serializers and deserializers as sagemaker's `Predictor` puts them together."""

    @pytest.fixture(scope="class")
    def predict(self, http):
        pytest.importorskip("sagemaker.serializers")

        def predict(data, serializer, deserializer):
            accept = ", ".join(deserializer.ACCEPT)
            answer = invoke(
                http, serializer.serialize(data), Content_Type=serializer.CONTENT_TYPE, Accept=accept
            )
            return deserializer.deserialize(io.BytesIO(answer.content), answer.headers["Content-Type"])

        return predict

    def test_json(self, predict):
        from sagemaker.deserializers import JSONDeserializer
        from sagemaker.serializers import JSONSerializer

        answer = predict({"instances": [{"b64": BASE64[3]}]}, JSONSerializer(), JSONDeserializer())
        assert answer == {"predictions": [3]}

    def test_files(self, predict):
        from sagemaker.deserializers import JSONDeserializer
        from sagemaker.serializers import DataSerializer, IdentitySerializer

        assert predict(str(PATHS[4]), DataSerializer(), JSONDeserializer()) == {"prediction": "four"}
        png = IdentitySerializer(content_type="image/png")
        assert predict(PNGS[5], png, JSONDeserializer()) == {"prediction": "five"}

    def test_arrays(self, predict):
        from sagemaker.deserializers import NumpyDeserializer
        from sagemaker.serializers import NumpySerializer

        answer = predict(np.zeros(ROWS, np.float32), NumpySerializer(np.float32), NumpyDeserializer())
        assert answer.shape == (2, 10)
