"""What the client scripts of Flash Serve's examples send."""

import pytest
import requests
from digits import BASE64, NAMES


def ask(http, payload, route="predict", **more):
    answer = requests.post(f"{http}/{route}", json={"session": "UUID", "payload": payload, **more}, timeout=30)
    return answer.status_code, answer.json()


def test_a_tasks_input(http):
    expected = {"session": "UUID", "result": {"outputs": "seven"}}
    assert ask(http, {"inputs": {"data": BASE64[7]}}) == (200, expected)


@pytest.mark.parametrize("route", ["predict", "classify", "detect"])
def test_an_exposed_methods_input(http, route):
    expected = {"session": "UUID", "result": {"prediction": "seven"}}
    assert ask(http, {"img": {"data": BASE64[7]}}, route) == (200, expected)


def test_unpadded_base64(http):
    _, answer = ask(http, {"img": {"data": BASE64[3].rstrip("=")}})
    assert answer["result"] == {"prediction": "three"}


def test_repeated(http):
    _, answer = ask(http, {"img": [{"data": one} for one in BASE64]})
    assert answer["result"] == {"prediction": NAMES}


def test_a_session_is_made_up(http):
    answer = requests.post(f"{http}/predict", json={"payload": {"img": {"data": BASE64[1]}}}, timeout=30).json()
    assert len(answer["session"]) == 36


@pytest.mark.parametrize("payload", [{}, {"img": {}}, {"img": {"data": "PGh0bWw+"}}])
def test_refusals_name_the_field(http, payload):
    status, answer = ask(http, payload)
    assert status == 422 and answer["detail"][0]["loc"][:2] == ["body", "payload"]


def test_what_it_says_of_itself(http):
    assert requests.get(f"{http}/flashserve/alive", timeout=10).json() == {"alive": True}
    assert requests.get(f"{http}/predict/meta", timeout=10).json()["required"] == ["payload"]
    assert requests.get(f"{http}/predict/dag_json", timeout=10).json()["endpoint"]["route"] == "/predict"
