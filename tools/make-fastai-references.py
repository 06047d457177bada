"""Makes tests/parity/fixtures/fastai.json: rows as fastai itself makes them for its validation set.

    python3 -m venv /tmp/fastai && /tmp/fastai/bin/pip install 'fastai==2.7.19' 'pillow==12.3.0'
    /tmp/fastai/bin/python tools/make-fastai-references.py [--compare]

`Resize` with each method and padding, and `RandomResizedCrop`; then ToTensor, IntToFloatTensor and Normalize. What is
stored is the sha256 of the row's bytes. fastai 2.8.12 gives the same; `--compare` holds it to what is stored.
"""

import hashlib
import json
import math
import sys
from pathlib import Path

import fastai
import torch
from fastai.data.transforms import IntToFloatTensor, Normalize, ToTensor
from fastai.vision.augment import PadMode, RandomResizedCrop, Resize, ResizeMethod
from fastai.vision.core import PILImage, imagenet_stats
from PIL import Image

FIXTURES = Path(__file__).resolve().parent.parent / "tests" / "parity" / "fixtures"
FILES = ["photo-444.jpg", "photo-420.jpg", "portrait.jpg", "photo-large.jpg", "tall.png"]
SIZES = [(56, 56), (30, 61), (71, 24), (128, 97)]
METHODS = [
    ("crop", ResizeMethod.Crop, PadMode.Reflection),
    ("squish", ResizeMethod.Squish, PadMode.Reflection),
    ("reflection", ResizeMethod.Pad, PadMode.Reflection),
    ("zeros", ResizeMethod.Pad, PadMode.Zeros),
    ("border", ResizeMethod.Pad, PadMode.Border),
]
COMMON = {"color": "RGB", "layout": "CHW", "dtype": "float32", "rescaleFactor": 1 / 255, "rescaleOffset": 0}


def main() -> None:
    cases = []
    for height, width in SIZES:
        size = {"height": height, "width": width}
        for name, method, pad_mode in METHODS:
            kind = {"crop": "crop", "squish": "exact"}.get(name, "pad")
            resize = {"kind": kind, "size": size, "filter": "bilinear"} | ({"padMode": name} if kind == "pad" else {})
            transform = Resize((height, width), method=method, pad_mode=pad_mode)
            cases += rows(f"Resize {name}", transform, {"resize": resize})
        extra = math.ceil(max(height, width) * 0.14 / 8) * 8
        larger = {"height": height + extra, "width": width + extra}
        spec = {"resize": {"kind": "exact", "size": larger, "filter": "bilinear"}, "centerCrop": size}
        cases += rows("RandomResizedCrop", RandomResizedCrop((height, width)), spec)
    text = "[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n"
    print("fastai", fastai.__version__, "torch", torch.__version__, "Pillow", Image.__version__)
    if "--compare" in sys.argv:
        sys.exit(0 if (FIXTURES / "fastai.json").read_text() == text else "the rows differ from those stored")
    (FIXTURES / "fastai.json").write_text(text)


def rows(name: str, transform, spec: dict) -> list[dict]:
    mean, std = imagenet_stats
    normalise = Normalize.from_stats(mean, std, cuda=False)
    made = []
    for file in FILES:
        image = transform(PILImage.create(FIXTURES / "images" / file), split_idx=1)
        row = normalise(IntToFloatTensor()(ToTensor()(image)[None]))[0].contiguous()
        digest = hashlib.sha256(row.numpy().tobytes()).hexdigest()
        given = COMMON | {"mean": mean, "std": std} | spec
        made.append({"spec": name, "file": file, "shape": list(row.shape), "sha256": digest, "given": given})
    return made


if __name__ == "__main__":
    main()
