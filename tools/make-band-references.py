"""Makes tests/parity/fixtures/bands.json: the rows that Pillow and NumPy make of arrays of many bands.

    python3 -m venv /tmp/pillow && /tmp/pillow/bin/pip install 'pillow==12.3.0' numpy
    /tmp/pillow/bin/python tools/make-band-references.py

Pillow holds no image of more than four bands: each band is an image of its own, of mode "L" for uint8 and of mode "F",
float32, for every other type. Written with Pillow 12.3.0 and NumPy 2.4 on x86-64. The arrays are not stored: `number`
makes them, and tests/parity/bands.test.ts makes the same.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import PIL
from PIL import Image

TARGET = Path(__file__).resolve().parent.parent / "tests" / "parity" / "fixtures" / "bands.json"
FILTERS = ["nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"]
DTYPES = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "float16", "float32", "float64"]

# Every type's own range, fractions and signs; exact in the type, or rounded once.
SCALED = {
    "uint8": lambda v: v % 256,
    "int8": lambda v: v % 256 - 128,
    "uint16": lambda v: v,
    "int16": lambda v: v - 32768,
    "uint32": lambda v: v * 65521,
    "int32": lambda v: v * 32760 - 2**30,
    "float16": lambda v: v % 2048 / 4,
    "float32": lambda v: v / 64 - 300,
    "float64": lambda v: v / 3,
}


def main() -> None:
    print("Pillow", PIL.__version__, "NumPy", np.__version__)
    cases = [case(**given) for given in given_cases()]
    TARGET.write_text("[\n" + ",\n".join(json.dumps(one) for one in cases) + "\n]\n")


def given_cases() -> list[dict]:
    exact = lambda height, width, name: {
        "kind": "exact", "size": {"height": height, "width": width}, "filter": name
    }
    sizes = [(20, 31), (80, 90), (61, 20), (37, 20), (16, 53)]
    cases = [
        {"dtype": dtype, "size": (37, 53), "bands": 2, "resize": exact(*size, name)}
        for dtype in ("uint8", "float32")
        for name in FILTERS
        for size in sizes
    ]
    cases += [{"dtype": dtype, "size": (37, 53), "bands": 6, "resize": exact(20, 31, "bicubic")} for dtype in DTYPES]
    cases += [{"dtype": dtype, "size": (37, 53), "bands": 13} for dtype in DTYPES]
    tall = [{"dtype": dtype, "size": (900, 3), "bands": 2, "resize": exact(40, 8, name)}
            for dtype in ("uint8", "int16") for name in ("bilinear", "nearest")]
    numbers = {
        "rescaleFactor": 0.0001,
        "rescaleOffset": -0.1,
        "mean": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
        "std": [0.11, 0.22, 0.33, 0.44, 0.55, 0.66],
    }
    edge = {"kind": "shortest_edge", "edgePixels": 24, "filter": "bilinear"}
    crop = {"centerCrop": {"height": 20, "width": 29}}
    whole = [{"dtype": dtype, "size": (37, 53), "bands": 6, "resize": edge, **crop, **numbers}
             for dtype in ("uint8", "uint16", "int16", "float32")]
    cut = [{"dtype": dtype, "size": (37, 53), "bands": 6, **crop, **numbers, **resize}
           for dtype in ("uint8", "uint16")
           for resize in ({}, {"resize": exact(37, 60, "bicubic")}, {"resize": exact(45, 53, "bicubic")})]
    small = [{"dtype": "uint16", "size": (9, 12), "bands": 6, "centerCrop": {"height": 14, "width": 11}, **numbers}]
    to = {"height": 24, "width": 40}
    methods = [{"dtype": dtype, "size": (37, 53), "bands": 6, "resize": {"kind": kind, "size": to, "filter": "bilinear"},
                **numbers} for dtype in ("uint8", "uint16") for kind in ("crop", "pad")]
    return cases + tall + whole + cut + small + methods


def case(dtype: str, size: tuple[int, int], bands: int, resize: dict | None = None, **values) -> dict:
    spec = {
        "color": "bands",
        **({} if resize is None else {"resize": resize}),
        "rescaleFactor": 1,
        "rescaleOffset": 0,
        "mean": [0] * bands,
        "std": [1] * bands,
        "layout": "CHW",
        "dtype": "float32",
        **values,
    }
    array = make_array(dtype, bands, *size)
    row = np.stack([normalised(prepared(band, spec), spec, index) for index, band in enumerate(array)])
    return {
        "dtype": dtype,
        "height": size[0],
        "width": size[1],
        "given": spec,
        "shape": list(row.shape),
        "sha256": hashlib.sha256(np.ascontiguousarray(row, np.float32).tobytes()).hexdigest(),
    }


def make_array(dtype: str, bands: int, height: int, width: int) -> np.ndarray:
    band, y, x = np.mgrid[0:bands, 0:height, 0:width].astype(np.int64)
    return SCALED[dtype](number(band, y, x)).astype(dtype)


def number(band: np.ndarray, y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Without order, from 0 to 65520."""
    place = (y * 7919 + x * 10473 + band * 1299709) % 65521
    return place * place % 65521


def prepared(band: np.ndarray, spec: dict) -> np.ndarray:
    resize = spec.get("resize")
    if resize is not None and resize["kind"] in ("crop", "pad"):
        band = to_aspect(band, resize)
    image = Image.fromarray(band if band.dtype == np.uint8 else band.astype(np.float32))
    assert image.mode == ("L" if band.dtype == np.uint8 else "F")
    if resize is not None:
        image = image.resize(target_size(image, resize), Image.Resampling[resize["filter"].upper()])
    pixels = np.asarray(image)
    return centered(pixels, spec["centerCrop"]) if "centerCrop" in spec else pixels


def target_size(image: Image.Image, resize: dict) -> tuple[int, int]:
    if resize["kind"] != "shortest_edge":
        return resize["size"]["width"], resize["size"]["height"]
    assert image.width >= image.height
    return int(resize["edgePixels"] * image.width / image.height), resize["edgePixels"]


def to_aspect(band: np.ndarray, resize: dict) -> np.ndarray:
    """fastai 2's boxes, of an image that is less wide than the target."""
    height, width = band.shape
    to_height, to_width = resize["size"]["height"], resize["size"]["width"]
    scales = width / to_width, height / to_height
    scale = min(scales) if resize["kind"] == "crop" else max(scales)
    tall, wide = int(scale * to_height), int(scale * to_width)
    top, left = int(0.5 * (height - tall)), int(0.5 * (width - wide))
    if resize["kind"] == "crop":
        return band[top : top + tall, left : left + wide]
    return np.pad(band, ((-top, tall - height + top), (-left, wide - width + left)), mode="reflect")


def centered(pixels: np.ndarray, crop: dict) -> np.ndarray:
    """Zeros around an image that is smaller than its crop; the floor of half the difference goes before it."""
    height, width = crop["height"], crop["width"]
    top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
    out = np.zeros((height, width), pixels.dtype)
    kept = pixels[max(0, top) : max(0, top) + height, max(0, left) : max(0, left) + width]
    out[max(0, -top) : max(0, -top) + kept.shape[0], max(0, -left) : max(0, -left) + kept.shape[1]] = kept
    return out


def normalised(pixels: np.ndarray, spec: dict, index: int) -> np.ndarray:
    scaled = (pixels.astype(np.float64) * spec["rescaleFactor"]).astype(np.float32)
    moved = scaled + np.float32(spec["rescaleOffset"])
    return (moved - np.float32(spec["mean"][index])) / np.float32(spec["std"][index])


if __name__ == "__main__":
    main()
