"""Makes tests/parity/fixtures/recipes.json: rows as torchvision, transformers and Ultralytics make them.

    python3 -m venv /tmp/pillow && /tmp/pillow/bin/pip install 'pillow==12.3.0' numpy
    /tmp/pillow/bin/python tools/make-recipe-references.py

Each library's steps are written out here with the calls that it makes on Pillow and NumPy, so that none of them has
to be installed. The images are those of tests/parity, made by make-pillow-references.py. What is stored is the
sha256 of the row's bytes.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

FIXTURES = Path(__file__).resolve().parent.parent / "tests" / "parity" / "fixtures"
FILES = ["photo-444.jpg", "photo-420.jpg", "portrait.jpg", "photo-large.jpg"]
COMMON = {
    "color": "RGB",
    "layout": "CHW",
    "dtype": "float32",
    "rescaleFactor": 1 / 255,
    "rescaleOffset": 0,
    "mean": [0.485, 0.456, 0.406],
    "std": [0.229, 0.224, 0.225],
}


def main() -> None:
    cases = []
    for name, (make, spec) in recipes().items():
        for file in FILES:
            image = Image.open(FIXTURES / "images" / file).convert("RGB")
            row = np.ascontiguousarray(make(image).transpose(2, 0, 1))
            sha256 = hashlib.sha256(row.tobytes()).hexdigest()
            case = {"spec": name, "file": file, "shape": list(row.shape), "sha256": sha256}
            cases.append(json.dumps(case | {"given": COMMON | spec}))
    (FIXTURES / "recipes.json").write_text("[\n" + ",\n".join(cases) + "\n]\n")


def size(height: int, width: int) -> dict:
    return {"height": height, "width": width}


def normalise(pixels) -> np.ndarray:
    row = (np.asarray(pixels).astype(np.float64) * COMMON["rescaleFactor"]).astype(np.float32)
    return (row - np.array(COMMON["mean"], np.float32)) / np.array(COMMON["std"], np.float32)


def recipes() -> dict:
    made = {}
    for height, width in [(41, 33), (40, 36), (39, 37), (57, 62), (38, 75), (90, 30)]:
        made[f"torchvision-crop-{height}x{width}"] = (
            lambda image, h=height, w=width: normalise(torchvision_center_crop(image, h, w)),
            {"centerCrop": size(height, width), "cropRounding": "half_even"},
        )
    for name, resized, resize in [
        ("sam", sam_size, {"kind": "longest_edge", "edgePixels": 61}),
        ("fit", fit_size, {"kind": "fit", "size": size(47, 71)}),
        ("detr", detr_size, {"kind": "shortest_edge", "edgePixels": 50, "maxEdgePixels": 61, "maxEdgeRounding": "half_even"}),
    ]:
        made[name] = (
            lambda image, resized=resized: pad_to(normalise(bilinear(image, resized(image.height, image.width))), 72, 73),
            {"resize": resize | {"filter": "bilinear"}, "padTo": size(72, 73)},
        )
    for height, width in [(64, 64), (75, 52), (33, 90)]:
        made[f"letterbox-{height}x{width}"] = (
            lambda image, h=height, w=width: normalise(letterbox(image, h, w)),
            {"resize": {"kind": "letterbox", "size": size(height, width), "filter": "bilinear", "fill": 114}},
        )
    return made


def letterbox(image: Image.Image, height: int, width: int) -> Image.Image:
    """ultralytics.data.augment.LetterBox, with Pillow's filter in the place of OpenCV's."""
    r = min(height / image.height, width / image.width)
    w, h = int(round(image.width * r)), int(round(image.height * r))
    dw, dh = (width - w) / 2, (height - h) / 2
    out = Image.new("RGB", (width, height), (114, 114, 114))
    out.paste(bilinear(image, (h, w)), (int(round(dw - 0.1)), int(round(dh - 0.1))))
    return out


def bilinear(image: Image.Image, to: tuple[int, int]) -> Image.Image:
    return image.resize((to[1], to[0]), Image.Resampling.BILINEAR)


def sam_size(height: int, width: int) -> tuple[int, int]:
    """transformers SamImageProcessor._get_preprocess_shape."""
    scale = 61 * 1.0 / max(height, width)
    return int(height * scale + 0.5), int(width * scale + 0.5)


def fit_size(height: int, width: int) -> tuple[int, int]:
    """transformers get_image_size_for_max_height_width."""
    scale = min(47 / height, 71 / width)
    return int(height * scale), int(width * scale)


def detr_size(height: int, width: int) -> tuple[int, int]:
    """transformers get_size_with_aspect_ratio, for a shorter edge of 50 and a longer one of 61 at most."""
    edge, raw = 50, None
    short, long = float(min(height, width)), float(max(height, width))
    if long / short * edge > 61:
        raw = 61 * short / long
        edge = int(round(raw))
    scaled = edge if raw is None else raw
    if min(height, width) == edge:
        return height, width
    if width < height:
        return int(scaled * height / width), edge
    return edge, int(scaled * width / height)


def pad_to(row: np.ndarray, height: int, width: int) -> np.ndarray:
    """transformers image_transforms.pad, after the normalisation."""
    return np.pad(row, ((0, height - row.shape[0]), (0, width - row.shape[1]), (0, 0)))


def torchvision_center_crop(image: Image.Image, height: int, width: int) -> Image.Image:
    """torchvision.transforms.functional.center_crop on an image of Pillow."""
    if width > image.width or height > image.height:
        padding = (
            (width - image.width) // 2 if width > image.width else 0,
            (height - image.height) // 2 if height > image.height else 0,
            (width - image.width + 1) // 2 if width > image.width else 0,
            (height - image.height + 1) // 2 if height > image.height else 0,
        )
        image = ImageOps.expand(image, border=padding, fill=0)
        if image.size == (width, height):
            return image
    top = int(round((image.height - height) / 2.0))
    left = int(round((image.width - width) / 2.0))
    return image.crop((left, top, left + width, top + height))


if __name__ == "__main__":
    main()
