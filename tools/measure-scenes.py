"""Measures an example model on 300 held-out scenes, through a server of its own, and writes what it found.

    npm run build
    .venv/bin/python tools/measure-scenes.py segmentation     # or detection, or multi-label

The packages are those of train-scenes.py. The same scenes also go through the steps that the example's module
writes out (Pillow, ONNX Runtime, NumPy), and both are judged alike. The figures go to metrics.json, and between
the two marks of the README. It fails where the served figure is under the one that the example requires.
"""

import base64
import importlib
import io
import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import ModuleType

import onnxruntime
from PIL import Image, __version__ as pillow_version

from scenes.digit_scenes import Scene, split_scans
from scenes.model_folder import EXAMPLES, json_text, open_session, reference_answer
from scenes.train import HELD_OUT_SEED, draw_scenes

REPOSITORY = EXAMPLES.parent
SCENES, SCENES_PER_REQUEST = 300, 10
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


def main() -> None:
    example = importlib.import_module(f"scenes.{sys.argv[1].replace('-', '_')}")
    folder = EXAMPLES / example.NAME
    _, held_out = split_scans()
    scenes = draw_scenes(example, held_out, HELD_OUT_SEED, 0, SCENES, example.SAMPLE_SIZES)
    session = open_session(folder)
    reference = example.measure(scenes, [reference_answer(example, session, scene.image) for scene in scenes])
    served = example.measure(scenes, answers_of_server(example, folder, scenes))
    metrics = {
        "scenes": SCENES,
        "digits": sum(len(scene.digits) for scene in scenes),
        "served": rounded(served),
        "reference": rounded(reference),
        "made_by": f"tools/measure-scenes.py: ONNX Runtime {onnxruntime.__version__}, Pillow {pillow_version}",
    }
    (folder / "metrics.json").write_text(json_text(metrics))
    write_figures(example, folder / "README.md", metrics)
    print(json_text(metrics))
    name, least = example.REQUIRED
    if not served[name] >= least:
        raise SystemExit(f"{name} is {served[name]:.4f}, under {least}")


def rounded(figures: dict) -> dict:
    return {
        name: rounded(value) if isinstance(value, dict) else round(float(value), 4)
        for name, value in figures.items()
    }


def answers_of_server(example: ModuleType, folder: Path, scenes: list[Scene]) -> list[object]:
    """Starts a server on a free port, asks it about all scenes and ends it."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    flags = [f"--model-dir={folder}", "--host=127.0.0.1", f"--port={port}", "--device=cpu"]
    server = subprocess.Popen(["node", "dist/bin.cjs", *flags], cwd=REPOSITORY, stdout=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}/analyze"
        wait_until_ready(url, server)
        answers = []
        for first in range(0, len(scenes), SCENES_PER_REQUEST):
            instances = [as_instance(scene.image) for scene in scenes[first : first + SCENES_PER_REQUEST]]
            body = json.dumps({"signature_name": example.SIGNATURE, "instances": instances}).encode()
            with urllib.request.urlopen(f"{url}:predict", body) as response:
                predictions = json.load(response)["predictions"]
            answers += [example.read_answer(prediction) for prediction in predictions]
        return answers
    finally:
        server.terminate()
        server.wait()


def wait_until_ready(url: str, server: subprocess.Popen) -> None:
    while server.poll() is None:
        try:
            urllib.request.urlopen(url).close()
            return
        except urllib.error.URLError:
            time.sleep(0.2)
    raise SystemExit("the server ended before it was ready")


def as_instance(image: Image.Image) -> dict:
    """PNG: the server and the reference see the same pixels."""
    content = io.BytesIO()
    image.save(content, "png")
    return {"image_bytes": {"b64": base64.b64encode(content.getvalue()).decode()}}


def write_figures(example: ModuleType, readme: Path, metrics: dict) -> None:
    lines = ["| | served | reference |", "|---|---|---|"]
    for name, title in example.FIGURES.items():
        lines.append(f"| {title} | {metrics['served'][name]:.2%} | {metrics['reference'][name]:.2%} |")
    before, rest = readme.read_text().split(BEGIN)
    _, after = rest.split(END)
    readme.write_text("\n".join([f"{before}{BEGIN}", *lines, f"{END}{after}"]))


if __name__ == "__main__":
    main()
