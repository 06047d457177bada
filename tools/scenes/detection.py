"""Where each digit is: an anchor-free single-shot detector whose output has Ultralytics' form.

Each cell of the trunk proposes one box. The graph decodes the boxes and the server suppresses the overlaps, so that the
graph has no operator that only some runtimes have. A picture is resized in proportion, with grey around it.
"""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from .digit_scenes import BILINEAR, LABELS, Scene
from .layers import CHANNELS, ROW_SIDE, STRIDE, Trunk, cell_centres, convolution

NAME = "detection"
INPUT, OUTPUT = "images", "output0"
SIGNATURE = "boxes"
SOURCE_SIZES = [(128, 128), (160, 120), (120, 160), (192, 128)]
SAMPLE_SIZES = [(160, 120), (128, 128), (120, 160), (320, 208), (640, 416)]
FILL = 114
SCORE_THRESHOLD, IOU_THRESHOLD = 0.4, 0.45
TYPICAL_SIDE = 32
STEPS, ROWS_PER_STEP, PEAK_LEARNING_RATE = 700, 12, 3e-3
GOLDEN_DIGITS, GOLDEN_TOLERANCE = 6, 1e-4
REQUIRED = ("map_50", 0.85)
FIGURES = {"map_50": "mAP at IoU 0.5", "recall_50": "recall", "precision_50": "precision"}


class Network(nn.Module):
    """Shapes: [N, 3, 128, 128] to [N, 4 + 10, 256]: centre x, centre y, width, height in pixels of the row, then the
    probability of each digit."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = Trunk()
        self.digits = nn.Sequential(convolution(CHANNELS, 64), nn.Conv2d(64, len(LABELS), 1))
        self.boxes = nn.Sequential(convolution(CHANNELS, 32), nn.Conv2d(32, 4, 1))
        nn.init.constant_(self.digits[-1].bias, -4.0)
        x, y = cell_centres()
        self.register_buffer("centres", torch.stack([x, y]))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        boxes, logits = self.cells(images)
        return torch.cat([boxes, logits.sigmoid()], 1).flatten(2)

    def cells(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Shapes: boxes [N, 4, 16, 16], logits [N, 10, 16, 16]."""
        features = self.trunk(images)
        raw = self.boxes(features)
        middle = self.centres + STRIDE * raw[:, :2]
        side = TYPICAL_SIDE * raw[:, 2:].clamp(-3, 2).exp()
        return torch.cat([middle, side], 1), self.digits(features)


def scale_of(size: tuple[int, int]) -> float:
    """Returns how many pixels of the source are one of the row."""
    return max(size) / ROW_SIDE


def preprocess(image: Image.Image) -> np.ndarray:
    """Shapes: float32 [3, 128, 128]. Units: 0 to 1."""
    size, (left, top) = letterbox(image.size)
    row = Image.new("RGB", (ROW_SIDE, ROW_SIDE), (FILL,) * 3)
    row.paste(image.resize(size, BILINEAR), (left, top))
    return np.asarray(row, np.float32).transpose(2, 0, 1) / np.float32(255)


def letterbox(size: tuple[int, int]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Returns the size of the picture in the row, and its left and top edge there, as Ultralytics computes them."""
    scale = min(ROW_SIDE / size[0], ROW_SIDE / size[1])
    width, height = (round(side * scale) for side in size)
    left, top = (round((ROW_SIDE - side) / 2 - 0.1) for side in (width, height))
    return (width, height), (left, top)


def make_targets(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    (width, height), (left, top) = letterbox(scene.image.size)
    to_row = np.array([width, height] * 2) / [*scene.image.size, *scene.image.size]
    return assign_cells([(digit, np.array(box) * to_row + [left, top] * 2) for digit, box in scene.digits])


def assign_cells(boxes: list[tuple[int, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Gives each cell whose centre is within a stride of a box's centre that box, the nearest where there are two.

    Shapes: digit int64 [16, 16], -1 where there is none; box float32 [4, 16, 16].
    """
    x, y = (places.numpy() for places in cell_centres())
    digits = np.full(x.shape, -1, np.int64)
    assigned = np.zeros((4, *x.shape), np.float32)
    nearest = np.full(x.shape, STRIDE, np.float32)
    for digit, box in boxes:
        across, down = np.abs(x - (box[0] + box[2]) / 2), np.abs(y - (box[1] + box[3]) / 2)
        distance = np.maximum(across, down)
        here = distance < nearest
        nearest[here], digits[here] = distance[here], digit
        assigned[:, here] = box[:, None]
    return digits, assigned


def loss(
    network: Network, pixels: torch.Tensor, digits: torch.Tensor, boxes: torch.Tensor
) -> torch.Tensor:
    """A cell's score learns how well its box fits (quality focal loss), so that the best box of a digit wins."""
    got, logits = network.cells(pixels)
    middle, side = got[:, :2], got[:, 2:]
    corners = torch.cat([middle - side / 2, middle + side / 2], 1)
    overlap, union = intersection(corners, boxes)
    iou = overlap / union
    has_box = digits >= 0
    count = has_box.sum().clamp(min=1)
    fit = (1 - iou[has_box]).sum() / count
    edges = (corners - boxes).abs().mean(1)[has_box].sum() / TYPICAL_SIDE / count
    wanted = F.one_hot(digits + 1, len(LABELS) + 1)[..., 1:].permute(0, 3, 1, 2) * iou.detach()[:, None]
    each = F.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    quality = (each * (logits.sigmoid() - wanted).square()).sum() / count
    return 2 * quality + fit + edges


def intersection(a: torch.Tensor, b: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns the shared and the joint area of boxes x1, y1, x2, y2. Shapes: [N, 4, ...] to [N, ...]."""
    low, high = torch.maximum(a[:, :2], b[:, :2]), torch.minimum(a[:, 2:], b[:, 2:])
    shared = (high - low).clamp(min=0).prod(1)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(1) for boxes in (a, b)]
    return shared, areas[0] + areas[1] - shared


def answer(output: np.ndarray, size: tuple[int, int]) -> list[dict]:
    """Returns what the server is to find, best first. Units: pixels of the source."""
    table = output.T.astype(np.float64)
    scores, classes = table[:, 4:].max(1), table[:, 4:].argmax(1)
    (width, height), (left, top) = letterbox(size)
    kept: list[dict] = []
    for at in np.argsort(-scores, kind="stable"):
        if scores[at] < np.float32(SCORE_THRESHOLD):
            break
        x, y, w, h = table[at, :4]
        box = np.array([x - w / 2, y - h / 2, x + w / 2, y + h / 2])
        rivals = (one["row_box"] for one in kept if one["class"] == classes[at])
        if all(iou_of(box, rival) <= IOU_THRESHOLD for rival in rivals):
            kept.append({"class": int(classes[at]), "score": float(scores[at]), "row_box": box})
    to_source = np.array([size[0] / width, size[1] / height] * 2)
    return [
        {
            "label": LABELS[one["class"]],
            "class": one["class"],
            "score": one["score"],
            "box": np.clip((one["row_box"] - [left, top] * 2) * to_source, 0, [*size, *size]).tolist(),
        }
        for one in kept
    ]


def iou_of(a: np.ndarray, b: np.ndarray) -> float:
    shared, union = intersection(torch.tensor(np.array([a])), torch.tensor(np.array([b])))
    return float(shared / union)


def measure(scenes: list[Scene], answers: list[list[dict]]) -> dict[str, float]:
    """A find is right where an untaken digit of its class overlaps it by half or more.

    Recall and precision are over all finds; map_50 is the mean over the digits of the area under the precision
    envelope, of the finds above the threshold that is served.
    """
    finds = [[] for _ in LABELS]
    totals = np.zeros(len(LABELS))
    for scene, found in zip(scenes, answers, strict=True):
        free = list(scene.digits)
        for digit, _ in free:
            totals[digit] += 1
        for one in sorted(found, key=lambda one: -one["score"]):
            rivals = [truth for truth in free if truth.digit == one["class"]]
            best = max(rivals, key=lambda truth: iou_of(np.array(truth.box), np.array(one["box"])), default=None)
            hit = best is not None and iou_of(np.array(best.box), np.array(one["box"])) >= 0.5
            if hit:
                free.remove(best)
            finds[one["class"]].append((one["score"], hit))
    hits = sum(hit for each in finds for _, hit in each)
    pairs = zip(finds, totals, strict=True)
    precisions = [area_under(each, total) for each, total in pairs if total > 0]
    return {
        "map_50": np.mean(precisions),
        "recall_50": hits / totals.sum(),
        "precision_50": hits / max(1, sum(len(each) for each in finds)),
    }


def area_under(finds: list[tuple[float, bool]], total: float) -> float:
    hits = np.array([hit for _, hit in sorted(finds, key=lambda find: -find[0])], bool)
    precision = hits.cumsum() / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(envelope[hits].sum() / total)


def read_answer(prediction: list[dict]) -> list[dict]:
    """Returns finds as `answer` does, from the signature boxes."""
    return prediction


def is_right(scene: Scene, found: list[dict]) -> bool:
    figures = measure([scene], [found])
    return figures["recall_50"] == figures["precision_50"] == 1


def write_answer(scene: Scene, found: list[dict], folder: Path, stem: str) -> dict[str, object]:
    return {"answer": found}


def configuration() -> dict[str, object]:
    return {
        "serving.json": {
            "task": "detection",
            "detector": "ultralytics",
            "labels": "labels.txt",
            "parameters": {"score_threshold": SCORE_THRESHOLD, "iou_threshold": IOU_THRESHOLD},
            "preprocess": {
                "color": "RGB",
                "resize": {
                    "height": ROW_SIDE, "width": ROW_SIDE, "method": "letterbox", "fill": FILL, "filter": "bilinear",
                },
                "rescale_factor": 0.00392156862745098,
                "mean": [0],
                "std": [1],
            },
        },
        "labels.txt": "".join(f"{label}\n" for label in LABELS),
    }  # fmt: skip
