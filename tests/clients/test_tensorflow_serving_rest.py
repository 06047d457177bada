"""TensorFlow Serving's REST API, as the curl lines and scripts of its pages ask it."""

import json

import pytest
import requests
from digits import BASE64, NAMES, ROWS

np = pytest.importorskip("numpy")
SECONDS = 20


def post(http, verb, body):
    # Without a Content-Type, as `requests.post(url, data=json.dumps(...))` sends it.
    answer = requests.post(f"{http}/v1/models/model:{verb}", data=json.dumps(body), timeout=SECONDS)
    return answer.status_code, answer.json()


class TestRest:
    @pytest.mark.parametrize("instance", [lambda one: {"b64": one}, lambda one: {"image_bytes": {"b64": one}}])
    def test_rows(self, http, instance):
        body = {"signature_name": "class", "instances": [instance(one) for one in BASE64]}
        assert post(http, "predict", body) == (200, {"predictions": list(range(10))})

    @pytest.mark.parametrize("named", [False, True])
    def test_columns(self, http, named):
        images = [{"b64": one} for one in BASE64]
        body = {"signature_name": "class", "inputs": {"image_bytes": images} if named else images}
        assert post(http, "predict", body) == (200, {"outputs": list(range(10))})

    def test_plain_tensors(self, http):
        body = {"instances": np.zeros(ROWS).tolist()}
        status, answer = post(http, "predict", body)
        assert status == 200 and np.array(answer["predictions"]).shape == (2, 10)

    @pytest.mark.parametrize("feature", ["image_bytes", "image/encoded", "pixel_values"])
    def test_classify(self, http, feature):
        status, answer = post(http, "classify", {"examples": [{feature: {"b64": one}} for one in BASE64]})
        assert status == 200
        assert [max(one, key=lambda pair: pair[1])[0] for one in answer["results"]] == NAMES

    def test_regress_of_a_classifier(self, http):
        status, answer = post(http, "regress", {"examples": [{"image_bytes": {"b64": BASE64[0]}}]})
        assert status == 400 and "regress" in answer["error"]

    def test_status(self, http):
        (version,) = requests.get(f"{http}/v1/models/model", timeout=SECONDS).json()["model_version_status"]
        ok = {"error_code": "OK", "error_message": ""}
        assert version == {"version": "1", "state": "AVAILABLE", "status": ok}

    def test_metadata(self, http):
        metadata = requests.get(f"{http}/v1/models/model/metadata", timeout=SECONDS).json()["metadata"]
        default = metadata["signature_def"]["signature_def"]["serving_default"]
        assert default["method_name"] == "tensorflow/serving/predict"
        assert default["inputs"]["pixel_values"]["dtype"] == "DT_STRING"

    def test_unknown_model(self, http):
        answer = requests.post(f"{http}/v1/models/none:predict", json={"instances": [1]}, timeout=SECONDS)
        assert answer.status_code == 404 and "none" in answer.json()["error"]
