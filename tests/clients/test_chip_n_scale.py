"""chip-n-scale's Lambda, its own code in a clone of its repository, with ten messages of which one tile is an error page.

The messages are handed over as AWS does, and the tiles come from a small server here. The predictions go into the table
`results` of DATABASE_URL, which is emptied, where there is one; else to a stand-in for the connection.
"""

import http.server
import json
import os
import threading
from urllib.parse import urlparse

import pytest
import requests
from digits import PNGS

pytest.importorskip("mercantile")
pg8000 = pytest.importorskip("pg8000")

PAGE = b"<!DOCTYPE html><html><body><h1>404 Not Found</h1></body></html>"
DATABASE_URL = os.environ.get("DATABASE_URL")
# The tile's row in the imagery; nobody has the last one.
MISSING = 3


class Imagery(http.server.BaseHTTPRequestHandler):
    missing = MISSING

    def do_GET(self):
        digit = int(self.path.rsplit("/", 1)[1].removesuffix(".png"))
        self.send_response(404 if digit == self.missing else 200)
        self.end_headers()
        self.wfile.write(PAGE if digit == self.missing else PNGS[digit])

    def log_message(self, *_):
        pass


class WholeImagery(Imagery):
    missing = None


class StandIn:
    """Takes what the Lambda does with a connection, and keeps what it commits."""

    def __init__(self):
        self.inserted, self.committed = {}, {}

    def connect(self, **_):
        return self

    def cursor(self):
        return self

    def execute(self, statement, values):
        assert statement.startswith("INSERT INTO results")
        tile, output, _ = values
        # jsonb takes no NaN.
        self.inserted[tile.y] = json.loads(json.dumps(output.value, allow_nan=False))

    def commit(self):
        self.committed = self.inserted

    def close(self):
        pass

    def rows(self):
        return self.committed


class Database:
    """The real one."""

    def __init__(self):
        url = urlparse(DATABASE_URL)
        where = {"user": url.username, "password": url.password, "host": url.hostname, "port": url.port}
        self.connection = pg8000.connect(database=url.path[1:], **where)
        self.connection.autocommit = True
        cursor = self.connection.cursor()
        cursor.execute("CREATE TABLE IF NOT EXISTS results (tile varchar(255) PRIMARY KEY, output jsonb)")
        cursor.execute("TRUNCATE results")

    def rows(self):
        cursor = self.connection.cursor()
        cursor.execute("SELECT tile, output FROM results")
        # A tile is written as Postgres writes a composite or a list: its last number but one is y.
        return {int("".join(c if c.isdigit() else " " for c in tile).split()[1]): output for tile, output in cursor.fetchall()}


@pytest.fixture
def results(monkeypatch):
    if DATABASE_URL:
        return Database()
    stand_in = StandIn()
    monkeypatch.setattr(pg8000, "connect", stand_in.connect)
    return stand_in


@pytest.fixture
def invoke(chip_n_scale, monkeypatch):
    monkeypatch.syspath_prepend(chip_n_scale / "lambda")
    handler = __import__("download_and_predict.handler", fromlist=["handler"]).handler

    def invoke(endpoint, imagery):
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), imagery) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            monkeypatch.setenv("TILE_ENDPOINT", f"http://127.0.0.1:{server.server_port}/{{z}}/{{x}}/{{y}}.png")
            monkeypatch.setenv("PREDICTION_ENDPOINT", f"{endpoint}:predict")
            monkeypatch.setenv("DATABASE_URL", DATABASE_URL or "postgres://user:word@127.0.0.1:5432/results")
            records = [{"body": json.dumps({"x": 1, "y": y, "z": 9})} for y in range(10)]
            try:
                handler({"Records": records}, {})
            finally:
                server.shutdown()

    return invoke


def test_ten_tiles(invoke, results, http):
    invoke(f"{http}/analyze", WholeImagery)
    assert results.rows() == {digit: digit for digit in range(10)}


def test_ten_tiles_of_which_one_is_an_error_page(invoke, results, http):
    invoke(f"{http}/analyze", Imagery)
    rows = results.rows()
    assert rows.pop(MISSING)["error"]["code"] == "INVALID_IMAGE"
    assert rows == {digit: digit for digit in range(10) if digit != MISSING}


def test_ten_tiles_for_tensorflow_serving(invoke, results, http):
    invoke(f"{http}/v1/models/model", WholeImagery)
    best = {tile: max(range(10), key=row.__getitem__) for tile, row in results.rows().items()}
    assert best == {digit: digit for digit in range(10)}


def test_one_error_page_fails_the_batch_as_with_tensorflow_serving(invoke, results, http):
    with pytest.raises(requests.HTTPError, match="400"):
        invoke(f"{http}/v1/models/model", Imagery)
    assert results.rows() == {}


@pytest.mark.parametrize("path", ["/analyze", "/v1/models/model"])
def test_balancers_health_check(http, path):
    assert requests.get(http + path, timeout=5).status_code == 200
