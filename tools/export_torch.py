"""Exports a torch module and its preprocessing to a model folder that onnx-serving takes as it is.

    from export_torch import export
    export(model, "model_dir", image="photo.jpg", transform=transform, labels=["cat", "dog"])

or as a command, with a name of torchvision's or timm's, or a function of yours that returns (model, transform):

    python export_torch.py torchvision:resnet18 model_dir --checkpoint best.pth --labels labels.txt --image photo.jpg
    python export_torch.py my_training:load model_dir --labels labels.txt --image photo.jpg

Needs torch, torchvision or timm for their transforms, onnx and onnxruntime (and onnxscript from torch 2.9 on).
What is written, and what is refused: docs/exporting.md in the repository of onnx-serving.
Tried with torch 1.13, torchvision 0.14.1 and with torch 2.13, torchvision 0.28; timm 1.0.31.
"""

import argparse
import contextlib
import importlib
import inspect
import io
import json
import shutil
import sys
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Callable, Optional, Sequence, Union

import numpy as np
import onnx
import onnxruntime
import torch
from PIL import Image
from torch import nn

TASKS = ["classification", "segmentation", "regression"]
NOTHING = {
    "color": "RGB", "resize": False, "center_crop": False, "rescale_factor": 1 / 255, "mean": [0.0], "std": [1.0],
}


def export(
    model: nn.Module,
    folder: Union[str, Path],
    *,
    image: Union[str, Path, Sequence[Union[str, Path]]],
    transform: Union[Callable, dict],
    labels: Optional[Sequence[str]] = None,
    task: Optional[str] = None,
    multi_label: bool = False,
    activation: Optional[str] = None,
    threshold: Optional[float] = None,
    preprocess: Optional[dict] = None,
    tolerance: float = 1e-4,
) -> None:
    """Writes model.onnx, config.json, preprocessor_config.json, serving.json and the golden pair into the folder.

    model: takes [N, C, H, W] and returns one tensor, or a mapping with "out" or "logits".
    image: a photo, or several, as the model will be asked about. The first becomes the golden pair; all are compared.
    transform: the validation set's, from a Pillow image to a tensor [C, H, W]: torchvision's preset
    (`weights.transforms()`), a Compose of Resize, CenterCrop, ToTensor, Normalize and their like, or the dict of timm's
    `resolve_data_config`. Any other function goes with `preprocess`.
    labels: names of the classes, in the order of the outputs.
    task: classification, segmentation or regression. Default: by the number of the output's dimensions.
    multi_label: whether any number of classes can be right at once; threshold: from which probability on.
    activation: softmax, sigmoid or none: what the loss does to the outputs. Default: softmax; sigmoid with multi_label
    or a single class; none where the outputs already are probabilities.
    preprocess: what `transform` does, in the keys of serving.json's preprocess, where it can't be read. It is held
    against `transform` on each image.
    tolerance: the largest |got - expected| / max(1, |expected|) between torch, onnxruntime and the server.
    Raises ExportError where the server could not give the module's numbers. The model is left as it was.
    """
    was_training, device = model.training, next(model.parameters()).device
    pictures = [Path(picture) for picture in ([image] if isinstance(image, (str, Path)) else image)]
    if isinstance(transform, dict):
        transform = timm_transform(transform)
    recipe = read_transform(transform) if preprocess is None else stated_recipe(preprocess)
    try:
        model.cpu().eval()
        with torch.no_grad():
            rows = [transformed(picture, transform, recipe) for picture in pictures]
            module, outputs = one_output(model, rows[0])
            task = task_of(task, outputs)
            activation = activation_of(activation, task, multi_label, outputs)
            # Without a size of its own the graph takes any.
            any_size = not recipe["center_crop"] and "height" not in (recipe["resize"] or {})
            if any_size:
                rows.append(rows[0].transpose(2, 3).contiguous())
            check_golden_notices(module, rows[0], recipe, outputs, tolerance)
            with tempfile.TemporaryDirectory() as scratch:
                measured = export_onnx(module, fill_up(rows), Path(scratch), tolerance, any_size)
                row_shape = [*rows[0].shape[:2], *([None, None] if any_size else rows[0].shape[2:])]
                write_folder(
                    Path(folder), Path(scratch), pictures[0], row_shape=row_shape, recipe=recipe, task=task,
                    labels=None if labels is None else [str(label) for label in labels], activation=activation,
                    multi_label=multi_label, threshold=threshold, outputs=outputs, tolerance=tolerance,
                )
    finally:
        model.to(device).train(was_training)
    print(f"{folder}: {task}, {measured}")


def transformed(picture: Path, transform: Callable, recipe: dict) -> torch.Tensor:
    """Returns the row [1, C, H, W] that the training code makes; the recipe has to make the same."""
    row = transform(Image.open(picture).convert("L" if recipe["color"] == "L" else "RGB"))
    if not isinstance(row, torch.Tensor) or row.ndim != 3 or row.dtype != torch.float32:
        given = f"{type(row).__name__} {getattr(row, 'dtype', '')} {list(getattr(row, 'shape', []))}"
        raise ExportError(f"the transform gives {given}, not a float32 tensor [C, H, W]")
    row = row.as_subclass(torch.Tensor)[None].contiguous()
    if row.shape[1] not in (1, 3):
        raise ExportError(f"the model takes {row.shape[1]} channels; the server feeds RGB, BGR or L (grey)")
    check_recipe(picture, recipe, row)
    return row


def one_output(model: nn.Module, row: torch.Tensor) -> tuple:
    """Returns the module that gives one tensor, and what it gives for the row."""
    given = model(row)
    key = None
    if isinstance(given, Mapping):
        key = next((name for name in ("out", "logits") if name in given), None)
        module = model if key is None else OneOutput(model, key)
        given = given if key is None else given[key]
    else:
        module = model
    if not isinstance(given, torch.Tensor):
        has = f" with {', '.join(map(str, given))}" if isinstance(given, Mapping) else ""
        raise ExportError(f"the model gives {type(given).__name__}{has}: wrap it in a module that returns one tensor")
    return module, given


class OneOutput(nn.Module):
    """A model of several outputs, of which one is served."""

    def __init__(self, model: nn.Module, key: str) -> None:
        super().__init__()
        self.model = model
        self.key = key

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        return self.model(pixel_values)[self.key]


def task_of(stated: Optional[str], outputs: torch.Tensor) -> str:
    if stated not in (None, *TASKS):
        raise ExportError(f"task {stated} is not one of {', '.join(TASKS)}")
    fits = {"classification": outputs.ndim == 2 and outputs.shape[1] > 1, "segmentation": outputs.ndim == 4}
    if stated is not None and fits.get(stated, True):
        return stated
    by_shape = next((task for task, does in fits.items() if does), None)
    if stated is None and by_shape is not None:
        return by_shape
    raise ExportError(
        f"the model gives {list(outputs.shape)}: a classification gives [N, classes], a segmentation "
        "[N, classes, height, width], anything else is a regression: say task"
    )


def activation_of(stated: Optional[str], task: str, multi_label: bool, outputs: torch.Tensor) -> Optional[str]:
    """Returns what turns the outputs into probabilities; it is in the loss, so the module can't tell."""
    if stated is not None:
        return stated
    if task == "regression":
        return None
    if float(outputs.min()) >= 0 and float(outputs.max()) <= 1:
        if torch.allclose(outputs.sum(1), torch.ones(1), atol=1e-3):
            return "none"
        print("warning: the outputs are all in 0..1: if they are probabilities already, say activation none")
    return "sigmoid" if multi_label or outputs.shape[1] == 1 else "softmax"


def timm_transform(config: dict) -> Callable:
    from timm.data import create_transform

    return create_transform(**config, is_training=False)


def stated_recipe(preprocess: dict) -> dict:
    keys = [*NOTHING, "crop_rounding", "rescale_offset"]
    unknown = sorted(set(preprocess) - set(keys))
    if unknown:
        raise ExportError(f"preprocess: {', '.join(unknown)} is not one of {', '.join(keys)}")
    recipe = {**NOTHING, **preprocess}
    if recipe["resize"]:
        recipe["resize"] = {"filter": "bilinear", **recipe["resize"]}
    return recipe


def read_transform(transform: Callable) -> dict:
    """Returns what a transform does, in the keys of serving.json's preprocess; an unknown step raises ExportError."""
    recipe = {**NOTHING, "rescale_factor": 1.0}
    is_tensor = False
    for step in steps_of(transform):
        kind = name_of(step)
        if kind == "Resize":
            if is_tensor:
                raise ExportError(
                    "Resize works on a tensor, whose pixels are not quite Pillow's: put it before ToTensor or ToImage"
                )
            if recipe["resize"] or recipe["center_crop"]:
                raise ExportError("Resize comes after another Resize or CenterCrop: the server resizes, then crops")
            recipe["resize"] = resize_of(step)
        elif kind == "CenterCrop":
            if recipe["center_crop"]:
                raise ExportError("there are two CenterCrops: the server crops once")
            height, width = (step.size * 2)[:2] if isinstance(step.size, (list, tuple)) else (step.size, step.size)
            recipe.update(center_crop={"height": int(height), "width": int(width)}, crop_rounding="half_even")
        elif kind == "Grayscale" and step.num_output_channels == 1 and not is_tensor:
            recipe["color"] = "L"
        elif kind in ("ToTensor", "MaybeToTensor"):
            is_tensor, recipe["rescale_factor"] = True, 1 / 255
        elif kind in ("PILToTensor", "MaybePILToTensor", "ToImage"):
            is_tensor = True
        elif kind == "ConvertImageDtype" or (kind == "ToDtype" and step.scale):
            if step.dtype is torch.float32:
                recipe["rescale_factor"] = 1 / 255
            elif step.dtype is not torch.uint8:
                raise ExportError(f"{kind} to {step.dtype} is not exported: torch.float32 is")
        elif kind == "Normalize":
            for key in ("mean", "std"):
                recipe[key] = torch.as_tensor(getattr(step, key)).double().flatten().tolist()
        elif kind not in ("ToDtype", "ToPureTensor", "Identity", "RGB"):
            raise ExportError(
                f"the transform's step {kind} is unknown: take it out if the validation set needs none, "
                "or say what the whole does (preprocess=...)"
            )
    return recipe


def steps_of(transform: Callable) -> list:
    """Returns the steps, those of lists in lists as well; presets as the steps that they take."""
    kind = name_of(transform)
    if kind in ("Compose", "Sequential"):
        inner = getattr(transform, "transforms", None)
        return [step for part in (transform if inner is None else inner) for step in steps_of(part)]
    if kind in ("ImageClassification", "SemanticSegmentation"):
        from torchvision import transforms

        size = transform.resize_size
        resize = [] if size is None else [transforms.Resize(size, transform.interpolation)]
        crop = [transforms.CenterCrop(transform.crop_size)] if kind == "ImageClassification" else []
        return [*resize, *crop, transforms.ToTensor(), transforms.Normalize(transform.mean, transform.std)]
    return [transform]


def name_of(step: Callable) -> str:
    """Returns the name of a class of torchvision, timm or torch; of others with the module, which matches no step."""
    kind = type(step)
    home = kind.__module__.split(".")[0]
    return kind.__name__ if home in ("torchvision", "timm", "torch") else f"{kind.__module__}.{kind.__qualname__}"


def resize_of(step) -> dict:
    """Returns a torchvision Resize in serving.json's keys."""
    mode = getattr(step.interpolation, "value", step.interpolation)
    filter_name = {"nearest-exact": "nearest"}.get(mode, mode)
    edges = [step.size] if isinstance(step.size, int) else list(step.size or [])
    if len(edges) == 2:
        return {"height": int(edges[0]), "width": int(edges[1]), "filter": filter_name}
    if len(edges) == 1:
        longest = {} if step.max_size is None else {"longest_edge": int(step.max_size)}
        return {"shortest_edge": int(edges[0]), **longest, "filter": filter_name}
    raise ExportError("Resize without a size is not exported: give it one")


# ---- The same text in export_fastai.py and export_torch.py: each is one file to copy. ----


class ExportError(Exception):
    """What stops an export; one message that says what to do."""


def export_onnx(module: nn.Module, rows: list, folder: Path, tolerance: float, any_size: bool = False) -> str:
    """Writes model.onnx, compares it with torch on every row at batch 1 and 3; returns what was measured.

    Torch's newer exporter is tried first where it is the default, then the older one: what counts is the numbers.
    """
    module.eval()
    problems = []
    for name, write in onnx_exporters(any_size):
        for old in folder.iterdir():
            old.unlink()
        try:
            # Two rows: an example of one would fix the batch at one.
            with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
                warnings.simplefilter("ignore")
                write(module, torch.cat([rows[0]] * 2), str(folder / "model.onnx"))
            forget_origin(folder / "model.onnx")
            differences = {batch: difference_to_torch(module, rows, batch, folder) for batch in (1, 3)}
        except Exception as error:  # whatever the exporter or onnxruntime raises, the next one may do
            reason = str(error.__cause__ or error).strip().split("\n")[0][:200]
            problems.append(f"{name}: {type(error.__cause__ or error).__name__}: {reason}")
            continue
        measured = ", ".join(f"{value:.2g} at batch {batch}" for batch, value in differences.items())
        if max(differences.values()) <= tolerance:
            for problem in problems:
                print(f"note: not by {problem}")
            return f"torch {torch.__version__} against onnxruntime {onnxruntime.__version__}: {measured} ({name})"
        problems.append(f"{name}: the numbers differ by {measured}, above {tolerance}")
    raise ExportError("no ONNX file gives torch's numbers:\n  " + "\n  ".join(problems))


def onnx_exporters(any_size: bool) -> list:
    """Returns torch's exporters, each with its name and as a function of module, example and path."""
    names = {"input_names": ["pixel_values"], "output_names": ["logits"]}
    takes = inspect.signature(torch.onnx.export).parameters
    axes = {0: "batch", **({2: "height", 3: "width"} if any_size else {})}
    answer = {0: "batch", **({2: "height_out", 3: "width_out"} if any_size else {})}

    def older(module, example, path):
        choice = {"dynamo": False} if "dynamo" in takes else {}
        dynamic = {"pixel_values": axes, "logits": answer}
        torch.onnx.export(module, (example,), path, opset_version=17, dynamic_axes=dynamic, **names, **choice)

    def newer(module, example, path):
        open_axis = torch.export.Dim.DYNAMIC
        size = sum(p.numel() * p.element_size() for p in (*module.parameters(), *module.buffers()))
        torch.onnx.export(
            module, (example,), path, dynamo=True, opset_version=18, verbose=False, **names,
            dynamic_shapes=({0: torch.export.Dim("batch"), **dict.fromkeys([2, 3] if any_size else [], open_axis)},),
            # One file, unless protobuf's limit forbids it.
            external_data=size > 1_900_000_000,
        )

    is_default = "dynamo" in takes and takes["dynamo"].default is True
    return [*([("torch.export", newer)] if is_default else []), ("TorchScript", older)]


def forget_origin(path: Path) -> None:
    """Takes out the stack traces that torch writes into the file: paths and source lines of the one who exports."""
    model = onnx.load(str(path), load_external_data=False)
    graph = model.graph
    values = [*graph.input, *graph.output, *graph.value_info, *graph.initializer]
    for part in [model, graph, *graph.node, *values, *model.functions]:
        part.doc_string = ""
        if hasattr(part, "metadata_props"):
            del part.metadata_props[:]
    onnx.save(model, str(path))


def difference_to_torch(module: nn.Module, rows: list, batch: int, folder: Path) -> float:
    """Returns the largest |onnx - torch| / max(1, |torch|) over the rows, run in batches of this many."""
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
    largest = 0.0
    for row in rows:
        # Every place of the batch holds another picture, so that a mix-up shows.
        pictures = torch.cat([row, row.flip(-1), row.flip(-2) * 0.5][:batch])
        with torch.no_grad():
            want = module(pictures).double().numpy()
        (got,) = session.run(["logits"], {"pixel_values": pictures.numpy()})
        if got.shape != want.shape:
            raise ExportError(f"onnxruntime gives the shape {got.shape}, torch {want.shape}")
        distance = np.abs(got - want) / np.maximum(1, np.abs(want))
        largest = max(largest, float(np.max(distance))) if np.isfinite(distance).all() else float("inf")
    return largest


def served_row(image: Path, recipe: dict) -> np.ndarray:
    """Returns the row [1, C, H, W] that the server makes of a picture by these keys of serving.json."""
    picture = Image.open(image).convert(recipe["color"].replace("BGR", "RGB"))
    if recipe["resize"]:
        picture = resized(picture, recipe["resize"])
    if recipe["center_crop"]:
        picture = center_cropped(picture, recipe["center_crop"], recipe.get("crop_rounding", "floor"))
    row = np.asarray(picture, np.float32).reshape(picture.height, picture.width, -1)
    row = row[:, :, ::-1] if recipe["color"] == "BGR" else row
    row = row * np.float32(recipe["rescale_factor"]) + np.float32(recipe.get("rescale_offset", 0))
    row = (row - np.array(recipe["mean"], np.float32)) / np.array(recipe["std"], np.float32)
    return np.ascontiguousarray(row.transpose(2, 0, 1)[None])


def resized(picture: Image.Image, resize: dict) -> Image.Image:
    w, h = picture.size
    resample = Image.Resampling[resize["filter"].upper()]
    if "shortest_edge" in resize:
        short, long = resize["shortest_edge"], int(resize["shortest_edge"] * max(w, h) / min(w, h))
        if long > resize.get("longest_edge", long):
            short, long = int(resize["longest_edge"] * short / long), resize["longest_edge"]
        return picture.resize((short, long) if w <= h else (long, short), resample)
    height, width, method = resize["height"], resize["width"], resize.get("method", "squish")
    if method in ("crop", "pad"):
        by_width = w / width < h / height if method == "crop" else w / width > h / height
        scale = w / width if by_width else h / height
        left, top = int(0.5 * (w - int(scale * width))), int(0.5 * (h - int(scale * height)))
        right, bottom = left + int(scale * width), top + int(scale * height)
        picture = picture.crop((max(left, 0), max(top, 0), min(right, w), min(bottom, h)))
        pads = [(max(-top, 0), max(bottom - h, 0)), (max(-left, 0), max(right - w, 0))]
        pixels = np.asarray(picture)
        picture = Image.fromarray(np.pad(pixels, pads + [(0, 0)] * (pixels.ndim - 2), mode="reflect"))
    return picture.resize((width, height), resample)


def center_cropped(picture: Image.Image, size: dict, rounding: str) -> Image.Image:
    """Cuts the middle; Pillow fills with black what lies outside."""
    start = []
    for have, want in ((picture.width, size["width"]), (picture.height, size["height"])):
        if rounding == "floor":
            start.append((have - want) // 2)
        else:
            start.append(-((want - have) // 2) if want > have else int(round((have - want) / 2.0)))
    left, top = start
    return picture.crop((left, top, left + size["width"], top + size["height"]))


def check_recipe(image: Path, recipe: dict, row: torch.Tensor) -> None:
    """Refuses a recipe by which the server would make another row of the picture than the training code does."""
    want = row.numpy()
    got = served_row(image, recipe)
    if got.shape != want.shape:
        raise ExportError(f"the preprocessing as read gives {got.shape} of {image}, the training code {want.shape}")
    # A pixel off by one is 0.004 or more; rounding in float32 is below 0.0001.
    off = float(np.abs(got - want).max())
    if off > 1e-3:
        raise ExportError(
            f"the preprocessing as read gives other pixels of {image} than the training code, off by {off:.3g}"
        )
    with Image.open(image) as picture:
        is_exact = picture.size == (want.shape[3], want.shape[2])
    if is_exact and recipe["resize"]:
        print(f"warning: {image} has the size of the model's input, so it proves no resize: take one of another size")


def write_folder(
    folder: Path, scratch: Path, image: Path, *, row_shape, recipe: dict, task: str, labels: Optional[Sequence[str]],
    activation: Optional[str], multi_label: bool, threshold: Optional[float], outputs: torch.Tensor, tolerance: float,
) -> None:
    """Writes the model folder: the graph, what it is fed with and what it answers, and the golden pair."""
    classes = int(outputs.shape[1])
    fits = [2, 1] if task == "segmentation" and classes == 1 else [classes]
    if labels is not None and len(labels) not in fits:
        raise ExportError(f"there are {len(labels)} labels, but the model has {classes} outputs: {list(labels)[:8]}")
    (folder / "golden").mkdir(parents=True, exist_ok=True)
    for file in scratch.iterdir():
        shutil.move(str(file), str(folder / file.name))
    write_json(folder / "config.json", model_config(task, labels, multi_label, row_shape))
    preprocessor, beyond = split_recipe(recipe)
    write_json(folder / "preprocessor_config.json", preprocessor)
    head = {
        "activation": activation if task in ("classification", "segmentation") else None,
        "multi_label": True if multi_label else None,
        "parameters": None if threshold is None else {"score_threshold": threshold},
        "preprocess": beyond or None,
    }
    stated = {key: value for key, value in head.items() if value is not None}
    write_json(folder / "serving.json", {"task": task, **stated})
    name = "image" + image.suffix.lower()
    if image.resolve() != (folder / "golden" / name).resolve():
        shutil.copyfile(image, folder / "golden" / name)
    # Seven digits: beyond float32's precision, and short.
    data = [float(f"{value:.7g}") for value in outputs.double().flatten().tolist()]
    logits = {"shape": list(outputs.shape), "data": data}
    expected = {"image": name, "outputs": {"logits": logits}, "tolerance": tolerance}
    (folder / "golden" / "expected.json").write_text(json.dumps(expected) + "\n")


def model_config(task: str, labels: Optional[Sequence[str]], multi_label: bool, row_shape) -> dict:
    """Returns config.json in Hugging Face's keys."""
    head = {"segmentation": "SemanticSegmentation"}.get(task, "ImageClassification")
    single = "multi_label_classification" if multi_label else "single_label_classification"
    problem = {"classification": single, "regression": "regression"}.get(task)
    names = {} if labels is None else {
        "id2label": {str(index): label for index, label in enumerate(labels)},
        "label2id": {label: index for index, label in enumerate(labels)},
    }
    _, channels, height, width = row_shape
    size = {"image_size": height if height == width else [height, width]} if height else {}
    return {
        "architectures": [f"ExportedFor{head}"], **({"problem_type": problem} if problem else {}),
        "num_channels": channels, **size, **names,
    }


def split_recipe(recipe: dict) -> tuple:
    """Returns preprocessor_config.json, and what its keys can't say, in those of serving.json's preprocess."""
    beyond = {}
    if recipe["color"] != "RGB":
        beyond["color"] = recipe["color"]
    resize, crop = recipe["resize"], recipe["center_crop"]
    said = {"do_resize": False}
    # Hugging Face's classes do not agree how the shorter edge is rounded where the longer one is limited.
    is_limited = bool(resize) and "shortest_edge" in resize and "longest_edge" in resize
    if resize and resize.get("method", "squish") == "squish" and not is_limited:
        size = {key: value for key, value in resize.items() if key not in ("method", "filter")}
        said = {"do_resize": True, "size": size, "resample": int(Image.Resampling[resize["filter"].upper()])}
    elif resize:
        beyond["resize"] = resize
    if crop and recipe.get("crop_rounding", "floor") != "floor":
        beyond["crop_rounding"] = recipe["crop_rounding"]
    if recipe.get("rescale_offset", 0) != 0:
        beyond["rescale_offset"] = recipe["rescale_offset"]
    preprocessor = {
        **said,
        "do_center_crop": bool(crop), **({"crop_size": crop} if crop else {}),
        "do_rescale": True, "rescale_factor": recipe["rescale_factor"],
        "do_normalize": True, "image_mean": recipe["mean"], "image_std": recipe["std"],
    }
    return preprocessor, beyond


def write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def check_golden_notices(
    module: nn.Module, row: torch.Tensor, recipe: dict, outputs: torch.Tensor, tolerance: float,
) -> None:
    """Warns where the golden pair would pass with a mean that is off by one part in a hundred."""
    means, stds = (torch.tensor(recipe[key]).expand(row.shape[1]) for key in ("mean", "std"))
    shift = 0.01 * torch.where(means == 0, torch.full_like(means, 0.5), means) / stds
    # One row for each channel that is off.
    moved = module(row + torch.diag(shift)[:, :, None, None]) - outputs
    notices = float((moved.abs() / outputs.abs().clamp(min=1)).flatten(1).max(1).values.min())
    if notices <= tolerance:
        print(f"warning: a mean off by 1 % moves the outputs by {notices:.2g} only, below the tolerance {tolerance}: "
              "the golden pair proves little; take another photo, or a lower tolerance")


def fill_up(rows: list) -> list:
    """Returns three rows or more; mirrored ones where there are fewer pictures."""
    more = [rows[0].flip(-1).contiguous(), rows[0].flip(-2).contiguous()]
    return rows + more[: max(0, 3 - len(rows))]


# ---- End of the same text. ----


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Exports a torch module to a model folder for onnx-serving.")
    parser.add_argument("model", help="torchvision:NAME, timm:NAME, or module:function that returns (model, transform)")
    parser.add_argument("folder", help="the model folder to write")
    parser.add_argument("--image", action="append", required=True, help="a photo for the golden pair; can be repeated")
    parser.add_argument("--checkpoint", help="the weights, a state_dict; default: those that torchvision or timm has")
    parser.add_argument("--labels", help="a file with the name of a class on each line")
    parser.add_argument("--task", choices=TASKS, help="default: by the output's shape")
    parser.add_argument("--multi-label", action="store_true", help="any number of classes can be right at once")
    parser.add_argument("--threshold", type=float, help="with --multi-label: from which probability on; default: 0.5")
    parser.add_argument("--activation", choices=["softmax", "sigmoid", "none"], help="default: by --multi-label")
    parser.add_argument("--tolerance", type=float, default=1e-4, help="default: 1e-4")
    given = parser.parse_args()
    labels = Path(given.labels).read_text(encoding="utf-8").splitlines() if given.labels else None
    try:
        model, transform, known = load_model(given.model, given.checkpoint, labels)
        export(
            model, given.folder, image=given.image, transform=transform, labels=labels or known, task=given.task,
            multi_label=given.multi_label, activation=given.activation, threshold=given.threshold,
            tolerance=given.tolerance,
        )
    except (ExportError, OSError, ImportError, AttributeError, ValueError, RuntimeError) as error:
        sys.exit(f"export_torch.py: {error}")


def load_model(name: str, checkpoint: Optional[str], labels: Optional[Sequence[str]]) -> tuple:
    """Returns the model, its transform and the labels that its weights bring along."""
    home, _, what = name.partition(":")
    if not what:
        raise ExportError(f"{name}: expected torchvision:NAME, timm:NAME or module:function")
    classes = {} if labels is None or checkpoint is None else {"num_classes": len(labels)}
    if home == "torchvision":
        from torchvision import models

        weights = models.get_model_weights(what).DEFAULT
        if checkpoint is None:
            return models.get_model(what, weights=weights), weights.transforms(), weights.meta["categories"]
        # The backbone of a segmentation model would be downloaded for nothing.
        takes = inspect.signature(models.get_model_builder(what)).parameters
        backbone = {"weights_backbone": None} if "weights_backbone" in takes else {}
        model = models.get_model(what, weights=None, **backbone, **classes)
        return with_weights(model, checkpoint), weights.transforms(), None
    if home == "timm":
        import timm

        model = timm.create_model(what, pretrained=checkpoint is None, **classes)
        config = timm.data.resolve_data_config({}, model=model)
        return model if checkpoint is None else with_weights(model, checkpoint), timm_transform(config), None
    sys.path.insert(0, "")
    made = getattr(importlib.import_module(home), what)()
    if not isinstance(made, tuple) or len(made) != 2:
        raise ExportError(f"{name} returned {type(made).__name__}, expected (model, transform)")
    model, transform = made
    if isinstance(transform, dict):
        transform = timm_transform(transform)
    return model if checkpoint is None else with_weights(model, checkpoint), transform, None


def with_weights(model: nn.Module, checkpoint: str) -> nn.Module:
    try:
        state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    except Exception as error:  # a pickled module, or no checkpoint at all
        raise ExportError(
            f"{checkpoint} holds no plain weights ({type(error).__name__}): "
            "save model.state_dict(), or use module:function"
        ) from error
    inner = next((state[key] for key in ("state_dict", "model", "model_state_dict") if key in state), state)
    try:
        model.load_state_dict(inner)
    except RuntimeError as error:
        raise ExportError(f"{checkpoint} does not fit the model: {str(error).splitlines()[-1].strip()}") from error
    return model


if __name__ == "__main__":
    main()
