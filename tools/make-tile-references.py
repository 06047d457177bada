"""Makes tests/unit/tiles/fixtures/mercantile.json: where tiles lie, and which of them a box touches, by mercantile.

    python3 -m venv /tmp/mercantile && /tmp/mercantile/bin/pip install 'mercantile==1.2.1'
    /tmp/mercantile/bin/python tools/make-tile-references.py

The tiles of a box are stored by their number, the first ones and a hash of all, sorted by zoom, column and row.
"""

import hashlib
import json
from pathlib import Path

import mercantile

TARGET = Path(__file__).resolve().parent.parent / "tests" / "unit" / "tiles" / "fixtures" / "mercantile.json"

TILES = [(0, 0, 0), (1, 0, 1), (163, 395, 10), (486, 332, 10), (1023, 1023, 10), (0, 0, 20), (273891, 371923, 20)]
TILES += [(2**30 - 1, 12345, 30), (35210, 21493, 16), (4, 5, 3)]

BOXES = [
    ([5.9559, 45.818, 10.4921, 47.8084], [0, 1, 5, 8, 10]),
    ([-180, -90, 180, 90], [0, 1, 2, 4]),
    ([170, -20, -170, 20], [0, 1, 2, 5, 7]),
    ([1, 10, 0.5, 11], [0, 1, 3, 6]),
    ([0, 0, 0, 0], [0, 4, 9]),
    ([0, 0, 90, 66.51326044311186], [2, 3]),
    ([-0.0001, -0.0001, 0.0001, 0.0001], [12]),
    ([-76.0, 84.9, -75.0, 89.0], [6, 9]),
    ([13.0883, 52.3382, 13.7611, 52.6755], [14]),
]


def main() -> None:
    print("mercantile", mercantile.__version__)
    tiles = [describe(mercantile.Tile(*tile)) for tile in TILES]
    boxes = [cover(bounds, zoom) for bounds, zooms in BOXES for zoom in zooms]
    TARGET.write_text(json.dumps({"tiles": tiles, "boxes": boxes}, indent=1) + "\n")


def describe(tile: mercantile.Tile) -> dict:
    return {
        "tile": list(tile),
        "bounds": list(mercantile.bounds(tile)),
        "metres": list(mercantile.xy_bounds(tile)),
        "quadkey": mercantile.quadkey(tile),
    }


def cover(bounds: list, zoom: int) -> dict:
    # A box around the globe touches tiles of low zooms at both ends: mercantile then names them twice.
    tiles = sorted({(tile.z, tile.x, tile.y) for tile in mercantile.tiles(*bounds, zooms=[zoom])})
    text = "".join(f"{x}-{y}-{z}\n" for z, x, y in tiles)
    names = text.split("\n")[:3]
    digest = hashlib.sha256(text.encode()).hexdigest()
    return {"bounds": bounds, "zoom": zoom, "count": len(tiles), "first": names[: len(tiles)], "sha256": digest}


if __name__ == "__main__":
    main()
