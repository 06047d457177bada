"""Exports a fastai 2 Learner to a model folder that onnx-serving takes as it is.

    python export_fastai.py export.pkl model_dir --image photo.jpg

or in the notebook, with this file beside it:

    from export_fastai import export
    export(learn, "model_dir", image="photo.jpg")

Needs fastai, onnx and onnxruntime (and onnxscript from torch 2.9 on). A pickle runs code when it is loaded: load only
your own. What is written, and what is refused: docs/exporting.md in the repository of onnx-serving.
Tried with fastai 2.7.19 on torch 1.13 and fastai 2.8.12 on torch 2.13.
"""

import argparse
import contextlib
import inspect
import io
import json
import math
import runpy
import shutil
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Optional, Sequence, Union

import numpy as np
import onnx
import onnxruntime
import torch
from fastai.data.transforms import IntToFloatTensor, Normalize, ToTensor
from fastai.learner import Learner, load_learner
from fastai.torch_core import TensorImage
from fastai.vision.augment import AffineCoordTfm, CropPad, RandomCrop, RandomResizedCrop, RandomResizedCropGPU, Resize
from PIL import Image
from torch import nn

FILTERS = ["nearest", "lanczos", "bilinear", "bicubic", "box", "hamming"]

Pictures = Union[str, Path, Sequence[Union[str, Path]], None]


def export(
    learn: Learner,
    folder: Union[str, Path],
    image: Pictures = None,
    *,
    labels: Optional[Sequence[str]] = None,
    activation: Optional[str] = None,
    tolerance: float = 1e-4,
) -> None:
    """Writes model.onnx, config.json, preprocessor_config.json, serving.json and the golden pair into the folder.

    image: a photo, or several, as the model will be asked about. The first becomes the golden pair; all are compared.
    Default: the first of the validation set.
    labels: names of the classes. Default: the vocabulary of the learner.
    activation: softmax, sigmoid or none. Default: what the loss function does.
    tolerance: the largest |got - expected| / max(1, |expected|) between torch, onnxruntime and the server.
    Raises ExportError where the server could not give the learner's numbers. The learner is left as it was.
    """
    folder = Path(folder)
    was_training, device, dls_device = learn.model.training, next(learn.model.parameters()).device, learn.dls.device
    try:
        learn.model.cpu().eval()
        learn.dls.cpu()
        pictures = [Path(picture) for picture in pictures_of(learn, image)]
        with torch.no_grad():
            written = export_from_cpu(learn, folder, pictures, labels, activation, tolerance)
    finally:
        learn.model.to(device).train(was_training)
        if dls_device is not None:
            learn.dls.to(dls_device)
    print(written)


def export_from_cpu(
    learn: Learner, folder: Path, pictures: list, labels: Optional[Sequence[str]], activation: Optional[str],
    tolerance: float,
) -> str:
    if next(learn.model.parameters()).dtype != torch.float32:
        raise ExportError("the weights are not float32: call learn.model.float() first")
    image = pictures[0]
    task, multi_label, vocabulary = target_of(learn)
    recipe, resizes = read_transforms(learn, image)
    rows = [graph_row(learn, picture, resizes) for picture in pictures]
    for picture, row in zip(pictures, rows):
        check_recipe(picture, recipe, row)
    module = with_resizes(learn.model, resizes, rows[0], task)
    # From here on the numbers are those of the learner's own pipeline.
    batch = learn.dls.test_dl([image], bs=1, num_workers=0).one_batch()[0]
    outputs = plain(learn.model(plain(batch)))
    if not isinstance(outputs, torch.Tensor) or outputs.ndim not in (2, 4):
        given = f"{type(outputs).__name__} {list(getattr(outputs, 'shape', []))}"
        raise ExportError(f"the model gives {given}, not one [N, classes] or [N, classes, height, width]")
    if (outputs.ndim == 4) != (task == "segmentation"):
        raise ExportError(f"the targets are those of a {task}, but the model gives {list(outputs.shape)}")
    off = float((module(rows[0]) - outputs).abs().div(outputs.abs().clamp(min=1)).max())
    if not off <= tolerance:
        raise ExportError(f"the model with the batch transforms in its graph differs from the learner by {off:.3g}")
    names = vocabulary if labels is None else labels
    threshold = getattr(learn.loss_func, "thresh", None) if multi_label else None
    with tempfile.TemporaryDirectory() as scratch:
        check_golden_notices(module, rows[0], recipe, outputs, tolerance)
        measured = export_onnx(module, fill_up(rows), Path(scratch), tolerance)
        write_folder(
            folder, Path(scratch), image, row_shape=rows[0].shape, recipe=recipe, task=task,
            labels=None if names is None else [str(name) for name in names],
            activation=activation or activation_of(learn.loss_func, task), multi_label=multi_label,
            threshold=None if threshold is None else float(threshold), outputs=outputs, tolerance=tolerance,
        )
    return f"{folder}: {task}, {measured}"


def pictures_of(learn: Learner, image: Pictures) -> list:
    if isinstance(image, (str, Path)):
        return [image]
    if image is not None:
        return list(image)
    found = []
    for item in list(learn.dls.valid_ds.items)[:3] if len(learn.dls.valid_ds) else []:
        for get in [None, *learn.dls.valid_ds.tls[0].tfms.fs]:
            item = item if get is None else get(item)
            if isinstance(item, (str, Path)):
                found.append(item)
                break
    if not found:
        raise ExportError("the learner holds no picture files: name one (image=..., --image)")
    return found


def target_of(learn: Learner) -> tuple:
    """Returns the task, whether any number of classes can be right, and the vocabulary in the order of the outputs."""
    tls = getattr(learn.dls.valid_ds, "tls", None)
    if tls is None or learn.dls.n_inp != 1 or len(tls) != 2:
        raise ExportError("the learner's data are not one picture and one target: use export_torch.py")
    steps = [*tls[1].tfms.fs, *learn.dls.valid.after_item.fs]
    names = [type(step).__name__ for step in steps]
    vocabulary = next((step.vocab for step in steps if getattr(step, "vocab", None) is not None), None)
    if "AddMaskCodes" in names:
        return "segmentation", False, vocabulary
    if "MultiCategorize" in names or "EncodedMultiCategorize" in names:
        return "classification", True, vocabulary
    if "Categorize" in names:
        return "classification", False, vocabulary
    if "RegressionSetup" in names:
        return "regression", False, None
    raise ExportError(
        f"targets of {', '.join(names)} are not exported: categories, multi-categories, masks and numbers are"
    )


def activation_of(loss, task: str) -> str:
    """Returns what turns the outputs into probabilities: in fastai the loss does it, not the model."""
    if task == "regression":
        return "none"
    kind = type(getattr(loss, "func", loss))
    by_class = {
        nn.CrossEntropyLoss: "softmax", nn.NLLLoss: "softmax", nn.BCEWithLogitsLoss: "sigmoid", nn.BCELoss: "none",
    }
    if kind in by_class:
        return by_class[kind]
    sample = torch.tensor([[0.3, -1.2, 2.0], [1.0, 0.0, -3.0]])
    try:
        got = loss.activation(sample[:, :, None, None] if task == "segmentation" else sample).reshape(sample.shape)
    except Exception:  # a loss of one's own may have none, or another kind
        got = sample
    for name, want in (("softmax", sample.softmax(1)), ("sigmoid", sample.sigmoid())):
        if torch.allclose(plain(got), want, atol=1e-6):
            return name
    raise ExportError(
        f"the loss {kind.__name__} does not tell the activation: "
        "say softmax, sigmoid or none (activation=..., --activation)"
    )


def read_transforms(learn: Learner, image: Path) -> tuple:
    """Returns what the validation set's transforms do in serving.json's keys, and those that resize a batch."""
    dl = learn.dls.test_dl([image], bs=1, num_workers=0)
    picture = dl.dataset[0][0]
    mode = getattr(picture, "mode", type(picture).__name__)
    if mode not in ("RGB", "L"):
        raise ExportError(f"the learner opens pictures as {mode}; the server feeds RGB or L (grey)")
    recipe = {"color": mode, "resize": False, "center_crop": False, "mean": [0.0], "std": [1.0]}
    steps = [step for step in dl.after_item.fs if read_item_transform(step, recipe)]
    if len(steps) > 1:
        both = " and ".join(type(step).__name__ for step in steps)
        raise ExportError(f"{both} both change the size: the server does one of them")
    resizes = []
    for step in in_use(dl.after_batch):
        if type(step) is IntToFloatTensor:
            recipe["rescale_factor"] = 1 / step.div
        elif type(step) is Normalize:
            for key in ("mean", "std"):
                recipe[key] = plain(torch.as_tensor(getattr(step, key))).flatten().tolist()
        elif isinstance(step, (AffineCoordTfm, RandomResizedCropGPU)):
            resizes.append(step)
        else:
            raise ExportError(refusal(step, "batch"))
    if "rescale_factor" not in recipe:
        raise ExportError("IntToFloatTensor is not among the batch transforms: is this a learner for pictures?")
    return recipe, resizes


def read_item_transform(step, recipe: dict) -> bool:
    """Adds a transform to the recipe; returns whether it changes the picture's size."""
    kind = type(step)
    if kind is ToTensor or kind.__name__ == "AddMaskCodes" or step.split_idx == 0:
        return False
    if kind not in (Resize, RandomResizedCrop, CropPad, RandomCrop):
        raise ExportError(refusal(step, "item"))
    width, height = step.size  # fastai keeps them in Pillow's order
    size = {"height": height, "width": width}
    if kind in (CropPad, RandomCrop):
        if getattr(step, "pad_mode", "zeros") != "zeros":
            raise ExportError(f"CropPad with pad_mode {step.pad_mode} is not served: zeros is")
        recipe["center_crop"] = size
        return True
    filter_name = FILTERS[int(step.resamples[0])]
    if kind is RandomResizedCrop:  # on the validation set: the whole picture to a larger size, then the centre
        more = math.ceil(max(step.size) * step.val_xtra / 8) * 8
        recipe["resize"] = {"height": height + more, "width": width + more, "filter": filter_name}
        recipe["center_crop"] = size if more else False
        return True
    if step.method == "pad" and step.pad_mode != "reflection":
        raise ExportError(f"Resize with pad_mode {step.pad_mode} is not served: reflection is (fastai's default)")
    method = {} if step.method == "squish" else {"method": str(step.method)}
    recipe["resize"] = {**size, **method, "filter": filter_name}
    return True


def refusal(step, where: str) -> str:
    return (
        f"the {where} transform {type(step).__name__} works on the validation set and the server has nothing like it: "
        "take it out of the learner's dls, or put what it does into the model"
    )


def in_use(pipeline) -> list:
    """Returns the transforms that the validation set goes through, in their order."""
    return [step for step in pipeline.fs if getattr(step, "split_idx", None) != 0]


def graph_row(learn: Learner, image: Path, resizes: list) -> torch.Tensor:
    """Returns the row [1, C, H, W] that the server has to make: the learner's, without the resizes of the batch."""
    dl = learn.dls.test_dl([image], bs=1, num_workers=0)
    dl.before_iter()  # tells the transforms that this is no training
    batch = dl.create_batch([dl.do_item(0)])[0]
    for step in in_use(dl.after_batch):
        if step not in resizes:
            batch = step(batch, split_idx=1)
    return plain(batch)


def with_resizes(model: nn.Module, resizes: list, row: torch.Tensor, task: str) -> nn.Module:
    """Returns the model with the resizes of the batch (fastai's presizing) in front of it, as two matrices.

    On the validation set they are linear and separable, but neither Pillow's filters nor a server's: their weights are
    measured on rows and columns of ones.
    """
    if not resizes:
        return model

    def resize(batch):
        batch = TensorImage(batch)
        for step in resizes:
            batch = step(batch, split_idx=1)
        return plain(batch)

    height, width = row.shape[-2:]
    rows = torch.eye(height)[:, None, :, None].expand(-1, 1, -1, width).split(16)
    columns = torch.eye(width)[:, None, None].expand(-1, 1, height, -1).split(16)
    down = torch.cat([resize(some)[:, 0, :, 0] for some in rows]).T
    across = torch.cat([resize(some)[:, 0, 0] for some in columns]).T
    off = float((down @ row @ across.T - resize(row)).abs().max())
    if off > 1e-3:
        names = " and ".join(type(step).__name__ for step in resizes)
        raise ExportError(f"{names} on the validation set is more than a resize, by {off:.3g}")
    if all(m.shape[0] == m.shape[1] and torch.allclose(m, torch.eye(len(m)), atol=1e-3) for m in (down, across)):
        return model
    if task == "segmentation" and not all(m[:, 0].any() and m[:, -1].any() for m in (down, across)):
        raise ExportError(
            "a batch transform crops the picture, so the masks would not lie on it: "
            "give the item Resize the aspect of the batch's size"
        )
    return Resized(model, down.contiguous(), across.T.contiguous())


class Resized(nn.Module):
    """A model behind a resize of its input, each axis by a matrix."""

    def __init__(self, model: nn.Module, down: torch.Tensor, across: torch.Tensor) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("down", down)
        self.register_buffer("across", across)

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        return self.model(self.down @ pixel_values @ self.across)


def plain(tensor):
    """Returns a tensor without fastai's class, which torch's exporters can't follow."""
    return tensor.as_subclass(torch.Tensor).contiguous() if isinstance(tensor, torch.Tensor) else tensor


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
    parser = argparse.ArgumentParser(description="Exports a fastai 2 Learner to a model folder for onnx-serving.")
    parser.add_argument("learner", help="what learn.export() wrote; loading it runs the code inside: only your own")
    parser.add_argument("folder", help="the model folder to write")
    parser.add_argument("--image", action="append", required=True, help="a photo for the golden pair; can be repeated")
    parser.add_argument("--utils", help="a Python file with functions of the notebook that made the learner")
    parser.add_argument("--labels", help="a file with the name of a class on each line; default: the vocabulary")
    parser.add_argument("--activation", choices=["softmax", "sigmoid", "none"], help="default: what the loss does")
    parser.add_argument("--tolerance", type=float, default=1e-4, help="default: 1e-4")
    given = parser.parse_args()
    labels = Path(given.labels).read_text(encoding="utf-8").splitlines() if given.labels else None
    try:
        if given.utils:  # a pickle looks for a notebook's functions in __main__
            vars(sys.modules["__main__"]).update(runpy.run_path(given.utils))
        learn = load_learner(given.learner)
        export(learn, given.folder, given.image, labels=labels, activation=given.activation, tolerance=given.tolerance)
    except (ExportError, OSError, AttributeError) as error:
        sys.exit(f"export_fastai.py: {error}")


if __name__ == "__main__":
    main()
