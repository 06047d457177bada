"""Makes tests/model/fixtures/exported: folders that the exporters write, and what the frameworks say of two pictures.

    python tools/make-exported-models.py

Needs what export_fastai.py needs, torchvision and scikit-learn. The nets are small, so that the folders are; fastai's
are trained for a moment on scikit-learn's digits, written as pictures. In each folder predictions.json holds the
framework's outputs (and for fastai its get_preds) for the pictures of tests/parity/fixtures/images that it names.
Ran with Python 3.11, torch 2.13.0, torchvision 0.28.0, fastai 2.8.12, onnxscript 0.7.2, onnxruntime 1.31.1,
scikit-learn 1.9, Pillow 12.3.0, NumPy 2.4.
"""

import json
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch
from fastai.vision import all as fv
from fastai.vision.models.unet import DynamicUnet
from PIL import Image
from sklearn.datasets import load_digits
from torch import nn
from torchvision import transforms

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests" / "model" / "fixtures" / "exported"
IMAGES = ROOT / "tests" / "parity" / "fixtures" / "images"
PHOTO, OTHERS = IMAGES / "photo-420.jpg", ["portrait.jpg", "photo-444.jpg"]

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.dont_write_bytecode = True
warnings.filterwarnings("ignore")

import export_fastai  # noqa: E402
import export_torch  # noqa: E402


def main() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    with tempfile.TemporaryDirectory() as scratch:
        digits = write_digits(Path(scratch))
        for make in (fastai_presized, fastai_multi_label, fastai_unet):
            torch.manual_seed(0)
            np.random.seed(0)
            learn = make(digits)
            with learn.no_bar(), learn.no_logging():
                learn.fit(3, 1e-3 if make is fastai_unet else 1e-2)
            name = make.__name__.replace("_", "-")
            export_fastai.export(learn, FOLDER / name, PHOTO)
            write_predictions(FOLDER / name, *of_learner(learn))
    torch.manual_seed(0)
    model, transform = torch_grey()
    export_torch.export(model, FOLDER / "torch-grey", image=PHOTO, transform=transform, labels=["low", "high"])
    with torch.no_grad():
        outputs = model.eval()(torch.stack([transform(Image.open(IMAGES / name)) for name in OTHERS]))
    write_predictions(FOLDER / "torch-grey", outputs, outputs.softmax(1))


def write_digits(folder: Path) -> list:
    data = load_digits()
    files = []
    for index in range(200):
        files.append(folder / f"{data.target[index]}-{index}.png")
        Image.fromarray((data.images[index] * 15).astype(np.uint8)).resize((72, 90)).convert("RGB").save(files[-1])
    return files


def small(classes: int, channels: int = 3) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(channels, 12, 3, stride=2), nn.BatchNorm2d(12), nn.ReLU(), nn.Conv2d(12, 16, 3, stride=2), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, classes),
    )


def fastai_presized(digits: list) -> fv.Learner:
    """Resize by its crop on the item, then aug_transforms(size=...) on the batch, as fastai's book does."""
    stats = fv.Normalize.from_stats(*fv.imagenet_stats)
    loaders = fv.ImageDataLoaders.from_name_func(
        digits[0].parent, digits, lambda name: f"digit {name[0]}", seed=1, bs=32, num_workers=0,
        item_tfms=fv.Resize(92), batch_tfms=[*fv.aug_transforms(size=48, min_scale=0.75), stats],
    )
    return fv.Learner(loaders, small(10), loss_func=fv.CrossEntropyLossFlat())


def fastai_multi_label(digits: list) -> fv.Learner:
    """Reflected edges, sigmoids and a threshold of its own."""
    block = fv.DataBlock(
        (fv.ImageBlock, fv.MultiCategoryBlock), get_items=lambda _: digits, splitter=fv.RandomSplitter(seed=1),
        get_y=lambda path: [path.name[0], "even" if int(path.name[0]) % 2 == 0 else "odd"],
        item_tfms=fv.Resize((48, 64), method="pad"), batch_tfms=[fv.Normalize.from_stats([0.3] * 3, [0.4] * 3)],
    )
    loaders = block.dataloaders(None, bs=32, num_workers=0)
    return fv.Learner(loaders, small(12), loss_func=fv.BCEWithLogitsLossFlat(thresh=0.3))


def fastai_unet(digits: list) -> fv.Learner:
    """fastai's own DynamicUnet, on a body of three layers."""
    loaders = fv.SegmentationDataLoaders.from_label_func(
        digits[0].parent, digits[:60], lambda path: (np.asarray(Image.open(path).convert("L")) > 100).astype(np.uint8),
        codes=["ground", "ink"], bs=8, seed=1, num_workers=0, item_tfms=fv.Resize((32, 40), method="squish"),
        batch_tfms=[fv.Normalize.from_stats(*fv.imagenet_stats)],
    )
    body = nn.Sequential(*[
        nn.Sequential(nn.Conv2d(inner, outer, 3, stride=2, padding=1), nn.BatchNorm2d(outer), nn.ReLU())
        for inner, outer in ((3, 4), (4, 8))
    ])
    return fv.Learner(loaders, DynamicUnet(body, 2, (32, 40)), loss_func=fv.CrossEntropyLossFlat(axis=1))


def torch_grey() -> tuple:
    steps = [transforms.Grayscale(), transforms.Resize(45), transforms.CenterCrop((40, 39)), transforms.ToTensor()]
    return small(2, 1), transforms.Compose([*steps, transforms.Normalize([0.4], [0.3])])


def of_learner(learn: fv.Learner) -> tuple:
    """Returns the model's outputs, and fastai's probabilities of them."""
    dl = learn.dls.test_dl([IMAGES / name for name in OTHERS], num_workers=0)
    with torch.no_grad(), learn.no_bar():
        return learn.model.eval()(dl.one_batch()[0]), learn.get_preds(dl=dl)[0]


def write_predictions(folder: Path, outputs: torch.Tensor, scores: torch.Tensor) -> None:
    content = {"images": OTHERS, "logits": rounded(outputs)}
    if scores.ndim == 2:  # those of a picture's every place would only double the file
        content["scores"] = rounded(scores)
    (folder / "predictions.json").write_text(json.dumps(content) + "\n")


def rounded(tensor: torch.Tensor) -> list:
    """Returns nested lists of seven digits."""
    numbers = [float(f"{value:.7g}") for value in tensor.double().flatten().tolist()]
    return np.array(numbers).reshape(tensor.shape).tolist()


if __name__ == "__main__":
    main()
