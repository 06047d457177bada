"""The pictures that every client sends, and what they show."""

import base64
from pathlib import Path

PATHS = [Path(__file__).resolve().parents[2] / "model_dir" / "samples" / f"{digit}.png" for digit in range(10)]
PNGS = [path.read_bytes() for path in PATHS]
BASE64 = [base64.b64encode(png).decode() for png in PNGS]
NAMES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
# A row of the model's own input, and how many of them the tests send.
ROWS = (2, 3, 32, 32)
