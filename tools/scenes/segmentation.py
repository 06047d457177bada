"""Which digit's ink each pixel is: a small U-Net, half as large in its output as in its input.

A picture's shorter edge is resized to 128 pixels and the centre is cut out, as Hugging Face does; what the
crop cuts off is class 255 in a mask.
"""

import base64
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from .digit_scenes import BILINEAR, LABELS, Scene
from .layers import ROW_SIDE, convolution

NAME = "segmentation"
INPUT, OUTPUT = "pixel_values", "logits"
SIGNATURE = "base64_prediction"
SOURCE_SIZES = [(128, 128), (160, 120), (120, 160), (200, 150)]
SAMPLE_SIZES = [(160, 120), (128, 128), (120, 160), (200, 150), (320, 200)]
CLASSES = ["background", *LABELS]
UNSEEN = 255
GROUND_WEIGHT = 0.25
SAMPLE_IOU = 0.75
STEPS, ROWS_PER_STEP, PEAK_LEARNING_RATE = 1000, 12, 4e-3
MEAN, STD = 0.5, 0.25
GOLDEN_DIGITS, GOLDEN_TOLERANCE = 3, 1e-3  # 45,056 numbers: three digits keep the file small.
REQUIRED = ("mean_iou", 0.75)
FIGURES = {
    "mean_iou": "mean IoU",
    "pixel_accuracy": "pixels right",
    "ink_accuracy": "pixels of ink right",
}


# VOC's colours: the bits of a class's number are dealt to red, green and blue in turn.
PALETTE = [
    sum((number >> (3 * bit + channel) & 1) << (7 - bit) for bit in range(8))
    for number in range(256)
    for channel in range(3)
]


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.at_half = nn.Sequential(convolution(3, 16, 2), convolution(16, 16))
        self.at_quarter = nn.Sequential(convolution(16, 32, 2), convolution(32, 32))
        self.at_eighth = nn.Sequential(convolution(32, 64, 2), convolution(64, 64), convolution(64, 64))
        self.at_sixteenth = convolution(64, 64, 2)
        self.up_eighth = nn.Sequential(convolution(64 + 64, 48), convolution(48, 48))
        self.up_quarter = convolution(48 + 32, 32)
        self.up_half = convolution(32 + 16, 16)
        self.classifier = nn.Conv2d(16, len(CLASSES), 1)
        self.coarse_classifier = nn.Conv2d(48, len(CLASSES), 1)

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        return self.fine_and_coarse(pixel_values)[0]

    def fine_and_coarse(self, pixel_values: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Shapes: logits [N, 11, 64, 64], and of cells of 8 x 8 pixels [N, 11, 16, 16]."""
        half = self.at_half(pixel_values)
        quarter = self.at_quarter(half)
        eighth = self.at_eighth(quarter)
        coarse = self.up_eighth(torch.cat([twice(self.at_sixteenth(eighth)), eighth], 1))
        up = self.up_quarter(torch.cat([twice(coarse), quarter], 1))
        fine = self.up_half(torch.cat([twice(up), half], 1))
        return self.classifier(fine), self.coarse_classifier(coarse)


def twice(features: torch.Tensor) -> torch.Tensor:
    return F.interpolate(features, scale_factor=2.0, mode="nearest")


def scale_of(size: tuple[int, int]) -> float:
    """Returns how many pixels of the source are one of the row."""
    return min(size) / ROW_SIDE


def preprocess(image: Image.Image) -> np.ndarray:
    """Shapes: float32 [3, 128, 128]."""
    row = resize_and_crop(image, BILINEAR)
    pixels = np.asarray(row, np.float32).transpose(2, 0, 1) / np.float32(255)
    return (pixels - np.float32(MEAN)) / np.float32(STD)


def resize_and_crop(image: Image.Image, resample: Image.Resampling) -> Image.Image:
    width, height = resized_size(image.size)
    left, top = (width - ROW_SIDE) // 2, (height - ROW_SIDE) // 2
    return image.resize((width, height), resample).crop((left, top, left + ROW_SIDE, top + ROW_SIDE))


def resized_size(size: tuple[int, int]) -> tuple[int, int]:
    width, height = size
    if width <= height:
        return ROW_SIDE, int(ROW_SIDE * height / width)
    return int(ROW_SIDE * width / height), ROW_SIDE


def make_targets(scene: Scene) -> tuple[np.ndarray]:
    """Shapes: int64 [128, 128]."""
    mask = resize_and_crop(Image.fromarray(scene.mask), Image.Resampling.NEAREST)
    return (np.asarray(mask, np.int64),)


def loss(network: Network, pixels: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """The scores are enlarged to the row before they are compared, as the server does, and every fourth pixel is.

    The coarse scores, which are not exported, teach the deeper layers the digits early. Ink weighs more than
    ground, of which there is more.
    """
    fine, coarse = network.fine_and_coarse(pixels)
    weight = torch.ones(len(CLASSES))
    weight[0] = GROUND_WEIGHT
    cells = F.max_pool2d(classes.float()[:, None], classes.shape[1] // coarse.shape[2])[:, 0].long()
    logits = F.interpolate(fine, size=classes.shape[1:], mode="bilinear", align_corners=False)
    top, left = torch.randint(2, (2,)).tolist()
    each = F.cross_entropy(logits[:, :, top::2, left::2], classes[:, top::2, left::2], weight)
    return each + F.cross_entropy(coarse, cells, weight)


def answer(output: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Returns the class of each pixel of the source. Shapes: uint8 [height, width].

    Each pixel of the source takes the scores at its own centre, and is UNSEEN where the crop left it out.
    """
    scores = torch.from_numpy(output)[None]
    centres = []
    for source, resized in zip(size, resized_size(size), strict=True):
        place = (np.arange(source) + 0.5) * resized / source - (resized - ROW_SIDE) // 2
        centres.append(torch.from_numpy(place / ROW_SIDE * 2 - 1).float())
    x, y = centres
    grid = torch.stack([x.expand(len(y), -1), y[:, None].expand(-1, len(x))], -1)[None]
    sampled = F.grid_sample(scores, grid, mode="bilinear", padding_mode="border", align_corners=False)
    mask = sampled[0].argmax(0).to(torch.uint8)
    mask[(grid[0].abs() > 1).any(-1)] = UNSEEN
    return mask.numpy()


def measure(scenes: list[Scene], answers: list[np.ndarray]) -> dict[str, float]:
    """Of the pixels that the crop left in: the share that is right, and the mean over the classes of the
    intersection over union, both counted over all scenes at once."""
    counts = np.zeros((len(CLASSES), len(CLASSES)), np.int64)
    for scene, got in zip(scenes, answers, strict=True):
        seen = got != UNSEEN
        pairs = scene.mask[seen].astype(np.int64) * len(CLASSES) + got[seen]
        counts += np.bincount(pairs, minlength=counts.size).reshape(counts.shape)
    shared = counts.diagonal()
    union = counts.sum(0) + counts.sum(1) - shared
    present = union > 0
    return {
        "mean_iou": (shared[present] / union[present]).mean(),
        "pixel_accuracy": shared.sum() / counts.sum(),
        "ink_accuracy": shared[1:].sum() / counts[1:].sum(),
    }


def read_answer(prediction: dict) -> np.ndarray:
    """Returns a mask as `answer` does, from the signature base64_prediction."""
    return np.frombuffer(base64.b64decode(prediction["base64_prediction"]), np.uint8).reshape(prediction["shape"])


def is_right(scene: Scene, got: np.ndarray) -> bool:
    return measure([scene], [got])["mean_iou"] >= SAMPLE_IOU


def write_answer(scene: Scene, got: np.ndarray, folder: Path, stem: str) -> dict[str, object]:
    """Writes what is drawn and what is answered in the colours of the signature mask_png."""
    for name, mask in (("truth", scene.mask), ("answer", got)):
        picture = Image.fromarray(mask)
        picture.putpalette(PALETTE)
        picture.save(folder / f"{stem}.{name}.png", optimize=True)
    figures = {name: round(float(value), 4) for name, value in measure([scene], [got]).items()}
    return {"truth": f"{stem}.truth.png", "answer": f"{stem}.answer.png"} | figures


def configuration() -> dict[str, object]:
    """The two files that Hugging Face's Optimum puts beside an exported model."""
    return {
        "config.json": {
            "architectures": ["DigitUNetForSemanticSegmentation"],
            "id2label": {str(index): label for index, label in enumerate(CLASSES)},
        },
        "preprocessor_config.json": {
            "image_processor_type": "SegformerImageProcessor",
            "do_resize": True,
            "size": {"shortest_edge": ROW_SIDE},
            "resample": int(BILINEAR),
            "do_center_crop": True,
            "crop_size": {"height": ROW_SIDE, "width": ROW_SIDE},
            "do_rescale": True,
            "rescale_factor": 0.00392156862745098,
            "do_normalize": True,
            "image_mean": [MEAN] * 3,
            "image_std": [STD] * 3,
        },
    }
