"""Trains an example model and writes its folder in examples/ again from nothing, in some minutes on two cores.

    python3 -m venv .venv
    .venv/bin/pip install torch==2.13.0 onnx==1.23.2 onnxscript==0.7.2 onnxruntime==1.31.1
    .venv/bin/pip install scikit-learn==1.9.1 numpy==2.4.6 Pillow==12.3.0
    .venv/bin/python tools/train-scenes.py segmentation     # or detection, or multi-label
    npm run build && .venv/bin/python tools/measure-scenes.py segmentation

The training looks at no held-out scan. README.md in the folder is written by hand, save for the figures, which
measure-scenes.py fills in.
"""

import importlib
import platform
import sys

import numpy
import onnx
import onnxruntime
import PIL
import sklearn
import torch

from scenes.digit_scenes import split_scans
from scenes.model_folder import write_model_folder
from scenes.train import SEED, train


def main() -> None:
    example = importlib.import_module(f"scenes.{sys.argv[1].replace('-', '_')}")
    libraries = (torch, onnx, onnxruntime, sklearn, numpy, PIL)
    print(platform.python_version(), *(f"{library.__name__} {library.__version__}" for library in libraries))
    torch.manual_seed(SEED)
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(2)  # The number of threads decides the order of sums, and so the weights.

    training, held_out = split_scans()
    write_model_folder(example, train(example, training), held_out)


if __name__ == "__main__":
    main()
