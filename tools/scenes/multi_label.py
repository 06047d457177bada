"""Which digits are in a picture, in any number: ten sigmoids.

A picture is squeezed to 128 x 128, whatever its aspect.
"""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from .detection import assign_cells
from .digit_scenes import BILINEAR, LABELS, Scene
from .layers import CHANNELS, ROW_SIDE, Trunk, convolution

NAME = "multi-label"
INPUT, OUTPUT = "pixel_values", "logits"
SIGNATURE = "scores"
SOURCE_SIZES = [(128, 128), (160, 120), (120, 160), (192, 128)]
SAMPLE_SIZES = [(160, 120), (128, 128), (120, 160), (192, 128), (240, 180)]
THRESHOLD = 0.5
STEPS, ROWS_PER_STEP, PEAK_LEARNING_RATE = 700, 12, 3e-3
MEAN, STD = 0.5, 0.25
GOLDEN_DIGITS, GOLDEN_TOLERANCE = 6, 1e-4
REQUIRED = ("macro_f1", 0.9)
FIGURES = {
    "macro_f1": "F1, mean over the digits",
    "mean_average_precision": "average precision, mean over the digits",
    "exact_match": "pictures without a mistake",
}


class Network(nn.Module):
    """Scores each digit at each cell, and takes the best cell of each."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = Trunk()
        self.digits = nn.Sequential(convolution(CHANNELS, 64), nn.Conv2d(64, len(LABELS), 1))
        nn.init.constant_(self.digits[-1].bias, -4.0)

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        return self.cells(pixel_values).amax(dim=(2, 3))

    def cells(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """Shapes: logits [N, 10, 16, 16]."""
        return self.digits(self.trunk(pixel_values))


def scale_of(size: tuple[int, int]) -> float:
    """Returns how many pixels of the source are one of the row, along the shorter edge."""
    return min(size) / ROW_SIDE


def preprocess(image: Image.Image) -> np.ndarray:
    """Shapes: float32 [3, 128, 128]."""
    row = image.resize((ROW_SIDE, ROW_SIDE), BILINEAR)
    pixels = np.asarray(row, np.float32).transpose(2, 0, 1) / np.float32(255)
    return (pixels - np.float32(MEAN)) / np.float32(STD)


def make_targets(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """Returns which digits there are, and which cells lie on the middle of which. Shapes: [10], int64 [16, 16]."""
    width, height = scene.image.size
    to_row = np.array([ROW_SIDE / width, ROW_SIDE / height] * 2)
    cells, _ = assign_cells([(digit, np.array(box) * to_row) for digit, box in scene.digits])
    return present(scene).astype(np.float32), cells


def present(scene: Scene) -> np.ndarray:
    """Shapes: bool [10]."""
    return np.isin(np.arange(len(LABELS)), [digit for digit, _ in scene.digits])


def loss(
    network: Network, pixels: torch.Tensor, digits: torch.Tensor, cells: torch.Tensor
) -> torch.Tensor:
    """The scene maker knows where the digits are: the cells learn it as well, which teaches far faster."""
    logits = network.cells(pixels)
    whole = F.binary_cross_entropy_with_logits(logits.amax(dim=(2, 3)), digits)
    wanted = F.one_hot(cells + 1, len(LABELS) + 1)[..., 1:].permute(0, 3, 1, 2).float()
    each = F.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    focal = (each * (torch.sigmoid(logits) - wanted).square()).sum() / wanted.sum().clamp(min=1)
    return whole + focal


def answer(output: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Returns each digit's probability. Shapes: float32 [10]."""
    return torch.sigmoid(torch.from_numpy(output)).numpy()


def measure(scenes: list[Scene], answers: list[np.ndarray]) -> dict[str, object]:
    """Macro figures are the mean over the ten digits."""
    wanted, scores = np.stack([present(scene) for scene in scenes]), np.stack(answers)
    got = scores >= THRESHOLD
    f1 = 2 * (wanted & got).sum(0) / (wanted.sum(0) + got.sum(0))
    precisions = [average_precision(wanted[:, digit], scores[:, digit]) for digit in range(len(LABELS))]
    return {
        "macro_f1": f1.mean(),
        "mean_average_precision": np.mean(precisions),
        "exact_match": (wanted == got).all(1).mean(),
        "f1": dict(zip(LABELS, f1, strict=True)),
    }


def average_precision(wanted: np.ndarray, scores: np.ndarray) -> float:
    """Returns the mean over the right pictures of the precision at each, best score first."""
    hits = wanted[np.argsort(-scores, kind="stable")]
    return float((hits.cumsum() / np.arange(1, len(hits) + 1))[hits].mean())


def read_answer(prediction: list[float]) -> np.ndarray:
    """Returns probabilities as `answer` does, from the signature scores."""
    return np.array(prediction, np.float32)


def is_right(scene: Scene, got: np.ndarray) -> bool:
    return bool((present(scene) == (got >= THRESHOLD)).all())


def write_answer(scene: Scene, got: np.ndarray, folder: Path, stem: str) -> dict[str, object]:
    return {"answer": [float(score) for score in got]}


def configuration() -> dict[str, object]:
    """The two files that Hugging Face's Optimum puts beside an exported model."""
    return {
        "config.json": {
            "architectures": ["DigitSetForImageClassification"],
            "id2label": {str(index): label for index, label in enumerate(LABELS)},
            "problem_type": "multi_label_classification",
        },
        "preprocessor_config.json": {
            "image_processor_type": "ViTImageProcessor",
            "do_resize": True,
            "size": {"height": ROW_SIDE, "width": ROW_SIDE},
            "resample": int(BILINEAR),
            "do_rescale": True,
            "rescale_factor": 0.00392156862745098,
            "do_normalize": True,
            "image_mean": [MEAN] * 3,
            "image_std": [STD] * 3,
        },
    }
