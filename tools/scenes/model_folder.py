"""Writes a model folder: the graph, what the server reads beside it, the golden pair and the samples."""

import copy
import json
from pathlib import Path
from types import ModuleType

import numpy as np
import onnx
import onnxruntime
import torch
from PIL import Image
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from .digit_scenes import LABELS, Scans, Scene
from .layers import ROW_SIDE
from .train import HELD_OUT_SEED, draw_scenes

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "examples"
BATCH_SIZES = (1, 3, 16)
LARGEST_DIFFERENCE = 1e-4
GOLDEN_STREAM, SAMPLE_STREAM = 1, 2
JPEG_QUALITY = 90


def write_model_folder(example: ModuleType, network: nn.Module, held_out: Scans) -> None:
    folder = EXAMPLES / example.NAME
    (folder / "golden").mkdir(parents=True, exist_ok=True)
    (folder / "samples").mkdir(exist_ok=True)
    write_model(example, network, folder / "model.onnx")
    session = open_session(folder)
    check_export(example, network, session, held_out)
    for name, content in example.configuration().items():
        (folder / name).write_text(content if isinstance(content, str) else json_text(content))
    write_golden(example, network, held_out, folder / "golden")
    write_samples(example, session, held_out, folder / "samples")


def write_model(example: ModuleType, network: nn.Module, path: Path) -> None:
    """Writes a graph with a free batch axis and nothing about the machine that made it."""
    exported = torch.onnx.export(
        fold_batch_norm(network),
        (torch.zeros(2, 3, ROW_SIDE, ROW_SIDE),),
        input_names=[example.INPUT],
        output_names=[example.OUTPUT],
        opset_version=18,
        dynamo=True,
        dynamic_shapes=({0: torch.export.Dim("batch", min=1)},),
        external_data=False,
        verbose=False,
    )
    model = exported.model_proto
    graph = model.graph
    values = [*graph.input, *graph.output, *graph.value_info, *graph.initializer]
    for part in [model, graph, *graph.node, *values]:
        part.ClearField("doc_string")
        part.ClearField("metadata_props")
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def fold_batch_norm(network: nn.Module) -> nn.Module:
    """Returns the same function with each batch normalisation folded into the convolution before it."""
    folded = copy.deepcopy(network).eval()
    for block in folded.modules():
        if isinstance(block, nn.Sequential) and len(block) == 3 and isinstance(block[1], nn.BatchNorm2d):
            block[0], block[1] = fuse_conv_bn_eval(block[0], block[1]), nn.Identity()
    return folded


def open_session(folder: Path) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(folder / "model.onnx", providers=["CPUExecutionProvider"])


def check_export(
    example: ModuleType, network: nn.Module, session: onnxruntime.InferenceSession, held_out: Scans
) -> None:
    """Raises where ONNX Runtime and PyTorch differ, relative to numbers above 1, at any of three batch sizes."""
    scenes = draw_scenes(example, held_out, HELD_OUT_SEED, GOLDEN_STREAM, max(BATCH_SIZES), example.SAMPLE_SIZES)
    rows = np.stack([example.preprocess(scene.image) for scene in scenes])
    for batch_size in BATCH_SIZES:
        wanted = run_torch(network, rows[:batch_size])
        got = run_onnx(example, session, rows[:batch_size])
        difference = (np.abs(got - wanted) / np.maximum(1, np.abs(wanted))).max()
        print(f"PyTorch to ONNX Runtime, batch {batch_size}: largest difference {difference:.1e}")
        if not difference <= LARGEST_DIFFERENCE:  # So written that NaN fails too.
            raise SystemExit(f"model.onnx is {difference} off the trained module")


def run_torch(network: nn.Module, rows: np.ndarray) -> np.ndarray:
    with torch.inference_mode():
        return network(torch.from_numpy(rows)).numpy()


def run_onnx(example: ModuleType, session: onnxruntime.InferenceSession, rows: np.ndarray) -> np.ndarray:
    return session.run([example.OUTPUT], {example.INPUT: rows})[0]


def reference_answer(
    example: ModuleType, session: onnxruntime.InferenceSession, image: Image.Image
) -> object:
    """Returns what the server is to answer, computed by Pillow, ONNX Runtime and the example's own steps."""
    output = run_onnx(example, session, example.preprocess(image)[None])
    return example.answer(output[0], image.size)


def write_golden(example: ModuleType, network: nn.Module, held_out: Scans, folder: Path) -> None:
    """Writes the first scene whose size is not the row's."""
    (scene,) = draw_scenes(example, held_out, HELD_OUT_SEED, GOLDEN_STREAM, 1, example.SAMPLE_SIZES)
    scene.image.save(folder / "scene.jpg", quality=JPEG_QUALITY)
    row = example.preprocess(Image.open(folder / "scene.jpg").convert("RGB"))
    output = run_torch(network, row[None])
    digits, tolerance = example.GOLDEN_DIGITS, example.GOLDEN_TOLERANCE
    expected = {
        "image": "scene.jpg",
        "outputs": {
            example.OUTPUT: {"shape": output.shape, "data": [round(float(n), digits) for n in output.ravel()]}
        },
        "tolerance": tolerance,
        "made_by": f"tools/train-scenes.py: the trained module in PyTorch {torch.__version__}",
    }
    (folder / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")


def write_samples(
    example: ModuleType, session: onnxruntime.InferenceSession, held_out: Scans, folder: Path
) -> None:
    """Writes, for each size, the first held-out scene of two digits or more that the model answers rightly.

    They show that a server works, not how well: that is measured by measure-scenes.py.
    """
    samples = []
    for number, size in enumerate(example.SAMPLE_SIZES, 1):
        path = folder / f"{number}.jpg"
        scene, answer = next_right(example, session, draw_many(example, held_out, number, size), path)
        truth = [{"label": LABELS[digit.digit], "box": digit.box} for digit in scene.digits]
        sample = {"file": path.name, "width": size[0], "height": size[1], "digits": truth}
        samples.append(sample | example.write_answer(scene, answer, folder, str(number)))
    (folder / "samples.json").write_text(json_text(samples))


def draw_many(example: ModuleType, held_out: Scans, number: int, size: tuple[int, int]) -> list[Scene]:
    return draw_scenes(example, held_out, HELD_OUT_SEED, SAMPLE_STREAM + number, 20, [size])


def next_right(
    example: ModuleType, session: onnxruntime.InferenceSession, scenes: list[Scene], path: Path
) -> tuple[Scene, object]:
    for scene in scenes:
        scene.image.save(path, quality=JPEG_QUALITY)
        answer = reference_answer(example, session, Image.open(path).convert("RGB"))
        if len(scene.digits) >= 2 and example.is_right(scene, answer):
            return scene, answer
    raise SystemExit(f"{path}: none of {len(scenes)} scenes is answered rightly")


def json_text(value: object) -> str:
    return json.dumps(value, indent=2) + "\n"
