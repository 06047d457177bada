"""The requests of TorchServe's pages, by curl and by requests."""

import json
import subprocess

import pytest
import requests
from digits import BASE64, NAMES, PATHS, PNGS

EIGHT = str(PATHS[8])


def curl(*arguments):
    return json.loads(subprocess.run(["curl", "-sS", *arguments], check=True, capture_output=True).stdout)


def test_probes(http):
    assert curl(f"{http}/ping") == {"status": "Healthy"}
    assert curl("-X", "OPTIONS", http)["openapi"] == "3.0.1"
    assert [one["modelName"] for one in curl(f"{http}/models")["models"]] == ["model"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["", "-T", EIGHT],
        ["", "-X", "POST", "-T", EIGHT],
        ["", "-F", f"data=@{EIGHT}"],
        ["", "--data-binary", f"@{EIGHT}"],
        ["/1.0", "-T", EIGHT],
        ["/", "--data-binary", f"@{EIGHT}"],
    ],
    ids=lambda arguments: " ".join(arguments[:-1]).strip(),
)
def test_curl(http, arguments):
    path, *rest = arguments
    answer = curl(f"{http}/predictions/model{path}", *rest)
    assert next(iter(answer)) == "eight" and len(answer) == 5


@pytest.mark.parametrize(
    "sent",
    [
        {"files": {"data": PNGS[9]}},
        {"data": PNGS[9]},
        {"json": {"data": BASE64[9]}},
        {"json": {"body": BASE64[9]}},
    ],
    ids=["files", "data", "json data", "json body"],
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_requests(http, method, sent):
    answer = requests.request(method, f"{http}/predictions/model", timeout=30, **sent)
    assert next(iter(answer.json())) == "nine"


def test_json_envelope(http):
    body = {"instances": [{"data": {"b64": one}} for one in BASE64]}
    answer = requests.post(f"{http}/predictions/model", json=body, timeout=30)
    assert [next(iter(one)) for one in answer.json()["predictions"]] == NAMES


def test_errors(http):
    answer = requests.post(f"{http}/predictions/lynx", data=PNGS[0], timeout=30)
    assert answer.status_code == 404 and answer.json()["type"] == "ModelNotFoundException"
    assert requests.post(f"{http}/models?url=a.mar", timeout=30).status_code == 405
