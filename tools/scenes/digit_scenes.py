"""Draws scenes: one to five handwritten digits, in colour, on a background that makes them hard to see.

The digits are scikit-learn's, in the split of tools/train-digits.py: a held-out scene is made of held-out
scans only. A scene is a function of its random generator, its size and the scans.
"""

from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

LABELS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]

SPLIT_SEED = 20
HELD_OUT_SHARE = 0.2
MOST_DIGITS = 5
PLACEMENTS = 30
LARGEST_OVERLAP = 0.05
LEAST_CONTRAST = 75

BILINEAR, BICUBIC = Image.Resampling.BILINEAR, Image.Resampling.BICUBIC
GREY_OF_RGB = np.array([0.299, 0.587, 0.114], np.float32)


class Scans(NamedTuple):
    """Glyphs: each scan as a grey picture of 64 x 64, white ink on black. Digits: 0 to 9."""

    glyphs: list[Image.Image]
    digits: np.ndarray


class Digit(NamedTuple):
    """Units: the box is x1, y1, x2, y2 in pixels of the scene, the edges of the ink's outermost pixels."""

    digit: int
    box: tuple[float, float, float, float]


class Scene(NamedTuple):
    """Shapes: mask uint8 [height, width]: 0 is the background, 1 + digit is that digit's ink."""

    image: Image.Image
    mask: np.ndarray
    digits: list[Digit]


def split_scans() -> tuple[Scans, Scans]:
    """Returns the training scans and the held-out scans."""
    data = load_digits()
    cells = np.rint(data.images * (255 / 16)).astype(np.uint8)
    parts = train_test_split(
        cells, data.target, test_size=HELD_OUT_SHARE, stratify=data.target, random_state=SPLIT_SEED
    )
    training_cells, held_out_cells, training_digits, held_out_digits = parts
    return Scans(enlarge(training_cells), training_digits), Scans(enlarge(held_out_cells), held_out_digits)


def enlarge(cells: np.ndarray) -> list[Image.Image]:
    return [Image.fromarray(scan).resize((64, 64), BICUBIC) for scan in cells]


def make_scene(rng: np.random.Generator, scans: Scans, size: tuple[int, int], scale: float) -> Scene:
    """Returns a scene of `size`, width and height, whose digits are 24 to 48 times `scale` pixels high."""
    width, height = size
    ground, ink_colors = draw_background(rng, size, scale)
    mask = np.zeros((height, width), np.uint8)
    digits: list[Digit] = []
    for _ in range(rng.integers(1, MOST_DIGITS + 1)):
        index = int(rng.integers(len(scans.digits)))
        ink = draw_digit(rng, scans.glyphs[index], rng.uniform(24, 48) * scale)
        corner = place(rng, ink.shape, (height, width), digits)
        if corner is None:
            continue
        top, left = corner
        down, across = slice(top, top + ink.shape[0]), slice(left, left + ink.shape[1])
        color = ink_colors[rng.integers(len(ink_colors))]
        ground[down, across] += ink[..., None] * (color - ground[down, across])
        digit = int(scans.digits[index])
        mask[down, across][ink >= 0.5] = digit + 1
        digits.append(Digit(digit, (left, top, left + ink.shape[1], top + ink.shape[0])))
    ground += rng.standard_normal(ground.shape, np.float32) * np.float32(rng.uniform(0, 14))
    return Scene(Image.fromarray(np.clip(ground, 0, 255).astype(np.uint8)), mask, digits)


def draw_digit(rng: np.random.Generator, glyph: Image.Image, height: float) -> np.ndarray:
    """Returns how much ink covers each pixel, 0 to 1, cut to the digit. Shapes: float32 [height, width]."""
    turned = glyph.rotate(rng.uniform(-20, 20), BICUBIC, expand=True)
    zoom = height / glyph.height
    size = (round(turned.width * zoom * rng.uniform(0.8, 1.1)), round(turned.height * zoom))
    grey = np.asarray(turned.resize(size, BILINEAR), np.float32) / 255
    ink = np.clip((grey - 0.38) / 0.25, 0, 1)
    inside = ink >= 0.5
    (rows,), (columns,) = np.nonzero(inside.any(axis=1)), np.nonzero(inside.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def place(
    rng: np.random.Generator, inner: tuple[int, ...], outer: tuple[int, int], digits: list[Digit]
) -> tuple[int, int] | None:
    """Returns the top and left of a place that is nearly free, or None where none was found."""
    height, width = inner
    if height > outer[0] or width > outer[1]:
        return None
    for _ in range(PLACEMENTS):
        top = int(rng.integers(outer[0] - height + 1))
        left = int(rng.integers(outer[1] - width + 1))
        box = (left, top, left + width, top + height)
        if all(shared_part(box, other.box) <= LARGEST_OVERLAP for other in digits):
            return top, left
    return None


def shared_part(a: tuple, b: tuple) -> float:
    """Returns the share of the smaller of two boxes that lies in the other."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return max(width, 0) * max(height, 0) / min(areas)


def draw_background(
    rng: np.random.Generator, size: tuple[int, int], scale: float
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Returns a gradient with blotches and clutter, and colours that stand out from it.

    Shapes: float32 [height, width, 3]. Units: 0 to 255.
    """
    width, height = size
    first, second, inks = draw_colors(rng)
    angle = rng.uniform(0, 2 * np.pi)
    x, y = np.linspace(-0.5, 0.5, width, dtype=np.float32), np.linspace(-0.5, 0.5, height, dtype=np.float32)
    share = np.clip(0.5 + x * np.float32(np.cos(angle)) + y[:, None] * np.float32(np.sin(angle)), 0, 1)
    ground = first + share[..., None] * (second - first)
    blotches = Image.fromarray(rng.integers(0, 256, (6, 6), np.uint8)).resize(size, BICUBIC)
    ground += (np.asarray(blotches, np.float32)[..., None] - 128) * np.float32(rng.uniform(0, 0.25))
    picture = Image.fromarray(np.clip(ground, 0, 255).astype(np.uint8))
    draw_clutter(rng, picture, scale)
    return np.asarray(picture, np.float32).copy(), inks


def draw_colors(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Returns the gradient's two colours and three inks, whose grey is far from the greys of both."""
    while True:
        first, second, *inks = rng.uniform(0, 255, (12, 3)).astype(np.float32)
        second = first + 0.5 * (second - first)
        greys = np.array([first, second]) @ GREY_OF_RGB
        seen = [ink for ink in inks if np.abs(ink @ GREY_OF_RGB - greys).min() >= LEAST_CONTRAST]
        if len(seen) >= 3:
            return first, second, seen[:3]


def draw_clutter(rng: np.random.Generator, picture: Image.Image, scale: float) -> None:
    """Draws up to six thin lines and arcs, in any colour."""
    pen = ImageDraw.Draw(picture)
    for _ in range(rng.integers(0, 7)):
        corners = rng.uniform(0, 1, 4) * [*picture.size, *picture.size]
        color = tuple(int(part) for part in rng.integers(0, 256, 3))
        thickness = max(1, round(scale * rng.uniform(0.5, 2)))
        if rng.random() < 0.5:
            pen.line(list(corners), color, thickness)
        else:
            (left, right), (top, bottom) = np.sort(corners[0::2]), np.sort(corners[1::2])
            start = rng.uniform(0, 360)
            pen.arc([left, top, right, bottom], start, start + rng.uniform(60, 200), color, thickness)
