"""What Vertex AI and its SDK ask of a container; the server was started with AIP_HEALTH_ROUTE and AIP_PREDICT_ROUTE."""

import json

import pytest
import requests
from digits import BASE64, PNGS

AIP = "/v1/endpoints/1/deployedModels/2"


def test_health(http):
    assert requests.get(http + AIP, timeout=10).status_code == 200


@pytest.mark.parametrize(
    "instance",
    [lambda one: {"content": one}, lambda one: {"image_bytes": {"b64": one}}, lambda one: {"data": {"b64": one}}],
    ids=["content", "image_bytes", "data"],
)
def test_instances(http, instance):
    body = {"instances": [instance(one) for one in BASE64]}
    answer = requests.post(f"{http}{AIP}:predict", json=body, timeout=30)
    assert answer.json() == {"predictions": list(range(10))}


def test_parameters(http):
    body = {"instances": [{"content": BASE64[7]}], "parameters": {"signature_name": "scores"}}
    (scores,) = requests.post(f"{http}{AIP}:predict", json=body, timeout=30).json()["predictions"]
    assert max(range(10), key=scores.__getitem__) == 7


def test_raw_prediction(http):
    answer = requests.post(f"{http}{AIP}:predict", data=PNGS[7], headers={"Content-Type": "image/png"}, timeout=30)
    assert answer.json() == {"predictions": ["seven"]}


def test_the_sdks_client_of_a_local_container(http):
    """What `LocalModel.deploy_to_local_endpoint` asks."""
    module = pytest.importorskip("google.cloud.aiplatform.prediction.local_endpoint")
    endpoint = module.LocalEndpoint(
        serving_container_image_uri="none",
        serving_container_predict_route=f"{AIP}:predict",
        serving_container_health_route=AIP,
        host_port=int(http.rsplit(":", 1)[1]),
    )
    # It runs already, and not in a container of the SDK's.
    endpoint.container, endpoint.container_is_running, endpoint.assigned_host_port = None, True, endpoint.host_port
    endpoint.get_container_status = lambda: "running"
    assert endpoint.run_health_check().status_code == 200
    request = json.dumps({"instances": [{"content": one} for one in BASE64]})
    answer = endpoint.predict(request=request, headers={"Content-Type": "application/json"})
    assert answer.json() == {"predictions": list(range(10))}
