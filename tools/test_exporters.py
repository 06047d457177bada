"""Tries export_fastai.py and export_torch.py on models that it trains or makes, and holds the server against them.

    npm run build && python tools/test_exporters.py

Every folder that an exporter writes is served by dist/, and the server's numbers for pictures that are not the golden
one are compared with the framework's own. What is not installed is skipped, with its reason printed.
Ran with Python 3.11: torch 1.13, torchvision 0.14.1, fastai 2.7.19, timm 1.0.31, onnxruntime 1.19; and torch 2.13,
torchvision 0.28, fastai 2.8.12, timm 1.0.31, onnxruntime 1.31.
"""

import base64
import contextlib
import importlib.metadata
import io
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request
import warnings
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

TOOLS = Path(__file__).resolve().parent
ROOT = TOOLS.parent
IMAGES = ROOT / "tests" / "parity" / "fixtures" / "images"
PHOTO, OTHERS = IMAGES / "photo-420.jpg", [IMAGES / "portrait.jpg", IMAGES / "photo-444.jpg"]
SERVER = ROOT / "dist" / "bin.cjs"
TOLERANCE = 1e-4

sys.path.insert(0, str(TOOLS))
sys.dont_write_bytecode = True
warnings.filterwarnings("ignore")

try:
    import export_fastai
    from fastai.vision import all as fv
    from fastai.vision.learner import unet_learner, vision_learner
    from sklearn.datasets import load_digits

    NO_FASTAI = ""
except ImportError as error:
    NO_FASTAI = f"fastai's tests need fastai, onnxruntime and scikit-learn: {error}"
try:
    import export_torch
    from torchvision import models, transforms

    NO_TORCHVISION = ""
except ImportError as error:
    NO_TORCHVISION = f"torchvision's tests need torchvision and onnxruntime: {error}"
try:
    import timm

    NO_TIMM = ""
except ImportError as error:
    NO_TIMM = str(error)
try:
    from torchvision.transforms import v2
except ImportError:
    v2 = None
NO_SERVER = "" if shutil.which("node") and SERVER.exists() else "the server's numbers need node and npm run build"


class Exporting(unittest.TestCase):
    """What both exporters' tests need: a folder, and the server on it."""

    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name) / "model"
        torch.manual_seed(0)
        np.random.seed(0)

    def written(self, name: str) -> dict:
        return json.loads((self.folder / name).read_text())

    def assert_golden_notices(self) -> None:
        """The check passes, and fails once a mean is off by one part in a hundred."""
        if NO_SERVER:
            return
        passed = checked(self.folder)
        self.assertEqual(passed.returncode, 0, passed.stderr)
        self.assertRegex(passed.stdout, "golden +passed")
        path = self.folder / "preprocessor_config.json"
        config = path.read_text()
        wrong = json.loads(config)
        wrong["image_mean"][0] = (wrong["image_mean"][0] or 0.5) * 1.01
        path.write_text(json.dumps(wrong))
        failed = checked(self.folder)
        path.write_text(config)
        self.assertNotEqual(failed.returncode, 0)
        self.assertRegex(failed.stderr, "outputs differ")
        print(f"  {self.id().split('.')[-1]}: a mean off by 1 %: {failed.stderr.strip().split('by ')[1].split(',')[0]}")

    def assert_served(self, want: np.ndarray, signature: str = "serving_default", pictures=None) -> None:
        """The server's answers for the other pictures are the framework's numbers [N, ...]."""
        if NO_SERVER:
            return
        got = np.array(predictions(self.folder, pictures or OTHERS, signature))
        self.assertEqual(got.shape, want.shape)
        off = float((np.abs(got - want) / np.maximum(1, np.abs(want))).max())
        print(f"  {self.id().split('.')[-1]}: the server's {signature} differ by {off:.2g}")
        self.assertLess(off, TOLERANCE)


def checked(folder: Path) -> subprocess.CompletedProcess:
    command = ["node", str(SERVER), "check", str(folder), "--device=cpu"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def predictions(folder: Path, pictures: list, signature: str) -> list:
    """Starts the server on the folder and asks it about the pictures, in one request."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    flags = [f"--model-dir={folder}", f"--port={port}", "--host=127.0.0.1", "--device=cpu", "--drain-delay-ms=0"]
    server = subprocess.Popen(["node", str(SERVER), "serve", *flags], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        until = time.monotonic() + 60
        while not answers(f"http://127.0.0.1:{port}/readyz"):
            if server.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"the server did not get ready: {server.communicate()[0][-500:]!r}")
            time.sleep(0.1)
        instances = [{"b64": base64.b64encode(Path(picture).read_bytes()).decode()} for picture in pictures]
        body = json.dumps({"signature_name": signature, "instances": instances}).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/models/model:predict", body) as reply:
            return json.load(reply)["predictions"]
    finally:
        server.terminate()
        server.communicate()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url):
            return True
    except OSError:
        return False


def small(classes: int, channels: int = 3) -> nn.Module:
    """A convolutional net of some hundred weights, whose outputs depend on each channel."""
    last = nn.Linear(8, classes)
    nn.init.normal_(last.weight)
    return nn.Sequential(
        nn.Conv2d(channels, 8, 3, stride=2), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3, stride=2), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), last,
    )


@unittest.skipIf(NO_FASTAI, NO_FASTAI)
class Fastai(Exporting):
    """export_fastai.py: learners trained on scikit-learn's digits, written as pictures."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.digits = Path(cls.scratch.name)
        data = load_digits()
        for index in range(200):
            folder = cls.digits / f"digit {data.target[index]}"
            folder.mkdir(exist_ok=True)
            grey = Image.fromarray((data.images[index] * 15).astype(np.uint8)).resize((72, 90))
            Image.merge("RGB", [grey, grey.rotate(90).resize(grey.size), grey]).save(folder / f"{index}.png")
        cls.stats = fv.Normalize.from_stats(*fv.imagenet_stats)

    def loaders(self, item, batch=None, **more):
        return fv.ImageDataLoaders.from_folder(
            self.digits, valid_pct=0.3, seed=1, bs=32, num_workers=0, item_tfms=item,
            batch_tfms=[self.stats] if batch is None else batch, **more,
        )

    def trained(self, loaders, model=None, epochs=2, **more):
        """A learner after some training, so that its batch norms and weights are no start values."""
        learn = fv.Learner(loaders, model or small(10), **{"loss_func": fv.CrossEntropyLossFlat(), **more})
        return self.fitted(learn, epochs)

    def fitted(self, learn, epochs=2, rate=1e-2):
        with learn.no_bar(), learn.no_logging(), contextlib.redirect_stdout(io.StringIO()):
            learn.fit(epochs, rate)
        return learn

    def preds(self, learn, pictures=None) -> np.ndarray:
        """fastai's own probabilities."""
        with learn.no_bar():
            return learn.get_preds(dl=learn.dls.test_dl(pictures or OTHERS, num_workers=0))[0].numpy()

    def check_classifier(self, item, batch=None) -> None:
        learn = self.trained(self.loaders(item, batch))
        export_fastai.export(learn, self.folder, PHOTO)
        self.assert_golden_notices()
        self.assert_served(self.preds(learn), "scores")

    def test_resize_crop(self) -> None:
        self.check_classifier(fv.Resize(64))
        self.assertEqual(self.written("serving.json")["preprocess"]["resize"]["method"], "crop")
        config = self.written("config.json")
        self.assertEqual(config["id2label"]["7"], "digit 7")
        self.assertEqual(config["problem_type"], "single_label_classification")
        self.assertEqual([file.name for file in self.folder.glob("*.onnx*")], ["model.onnx"])

    def test_resize_pad(self) -> None:
        self.check_classifier(fv.Resize((48, 80), method="pad"))

    def test_resize_squish_bicubic(self) -> None:
        self.check_classifier(fv.Resize((48, 64), method="squish", resamples=(Image.BICUBIC, Image.NEAREST)))
        self.assertEqual(self.written("preprocessor_config.json")["resample"], 3)
        self.assertNotIn("preprocess", self.written("serving.json"))

    def test_random_resized_crop(self) -> None:
        self.check_classifier(fv.RandomResizedCrop(64, min_scale=0.5))

    def test_crop_pad_larger_and_smaller(self) -> None:
        self.check_classifier(fv.CropPad((61, 131)))

    def test_training_only_transforms(self) -> None:
        self.check_classifier([fv.Resize(64), fv.FlipItem()], [*fv.aug_transforms(), self.stats])

    def test_no_normalize(self) -> None:
        self.check_classifier(fv.Resize(64), [])
        self.assertEqual(self.written("preprocessor_config.json")["image_mean"], [0])

    def test_presizing(self) -> None:
        self.check_classifier(fv.Resize(92), [*fv.aug_transforms(size=48, min_scale=0.75), self.stats])
        self.check_classifier(fv.Resize((90, 70)), [*fv.aug_transforms(size=(40, 60)), self.stats])

    def test_grey(self) -> None:
        block = fv.DataBlock(
            (fv.ImageBlock(fv.PILImageBW), fv.CategoryBlock), get_items=fv.get_image_files, get_y=fv.parent_label,
            item_tfms=fv.Resize(64), splitter=fv.RandomSplitter(seed=1),
        )
        learn = self.trained(block.dataloaders(self.digits, bs=32, num_workers=0), small(10, 1))
        export_fastai.export(learn, self.folder, PHOTO)
        self.assert_golden_notices()
        self.assert_served(self.preds(learn), "scores")

    def test_vision_learner(self) -> None:
        learn = vision_learner(self.loaders(fv.Resize(64), fv.aug_transforms()), fv.resnet18, pretrained=False)
        learn = self.fitted(learn, 1)
        export_fastai.export(learn, self.folder, PHOTO)
        self.assert_golden_notices()
        self.assert_served(self.preds(learn), "scores")

    def test_multi_label(self) -> None:
        block = fv.DataBlock(
            (fv.ImageBlock, fv.MultiCategoryBlock), get_items=fv.get_image_files, item_tfms=fv.Resize(64),
            get_y=two_labels, splitter=fv.RandomSplitter(seed=1), batch_tfms=[self.stats],
        )
        loss = fv.BCEWithLogitsLossFlat(thresh=0.3)
        learn = self.trained(block.dataloaders(self.digits, bs=32, num_workers=0), small(11), loss_func=loss)
        export_fastai.export(learn, self.folder)
        self.assertTrue(self.written("serving.json")["multi_label"])
        self.assertEqual(self.written("serving.json")["parameters"], {"score_threshold": 0.3})
        self.assertEqual(list(self.written("config.json")["id2label"].values()), list(learn.dls.vocab))
        self.assert_golden_notices()
        self.assert_served(self.preds(learn), "scores")
        if not NO_SERVER:
            with learn.no_bar():
                said = [list(learn.predict(picture)[0]) for picture in OTHERS]
            self.assertEqual([sorted(a) for a in predictions(self.folder, OTHERS, "label")], [sorted(a) for a in said])

    def test_regression_with_y_range(self) -> None:
        block = fv.DataBlock(
            (fv.ImageBlock, fv.RegressionBlock), get_items=fv.get_image_files, item_tfms=fv.Resize(64),
            get_y=number_of, splitter=fv.RandomSplitter(seed=1), batch_tfms=[self.stats],
        )
        model = nn.Sequential(small(1), fv.SigmoidRange(-1, 10))
        loaders = block.dataloaders(self.digits, bs=32, num_workers=0)
        # Little training: at an end of its range the sigmoid would hide any difference.
        learn = self.fitted(fv.Learner(loaders, model, loss_func=fv.MSELossFlat()), 1, 1e-3)
        export_fastai.export(learn, self.folder, PHOTO)
        self.assertEqual(self.written("serving.json")["task"], "regression")
        self.assert_golden_notices()
        self.assert_served(self.preds(learn))

    def test_unet(self) -> None:
        for item, size in ((fv.Resize(64), (64, 64)), (fv.Resize((70, 90), method="squish"), (70, 90))):
            loaders = fv.SegmentationDataLoaders.from_label_func(
                self.digits, fv.get_image_files(self.digits)[:24], mask_of, codes=np.array(["ground", "ink"]), bs=4,
                valid_pct=0.3, seed=1, num_workers=0, item_tfms=item, batch_tfms=[self.stats],
            )
            learn = self.fitted(unet_learner(loaders, fv.resnet18, pretrained=False, n_out=2), 1, 1e-4)
            export_fastai.export(learn, self.folder, [PHOTO, *OTHERS])
            config = self.written("config.json")
            self.assertEqual(config["id2label"], {"0": "ground", "1": "ink"})
            self.assertTrue(config["architectures"][0].endswith("ForSemanticSegmentation"))
            self.assert_golden_notices()
            with torch.no_grad():
                (rows,) = learn.dls.test_dl(OTHERS, num_workers=0).one_batch()
                want = learn.model.eval()(rows).as_subclass(torch.Tensor).numpy()
            self.assertEqual(want.shape[2:], size)
            self.assert_served(want)

    def test_pickle_by_command(self) -> None:
        learn = self.trained(self.loaders(fv.Resize(64)))
        learn.export(self.digits / "export.pkl")
        command = [sys.executable, str(TOOLS / "export_fastai.py"), str(self.digits / "export.pkl"), str(self.folder)]
        done = subprocess.run([*command, "--image", str(PHOTO)], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, "at batch 1, .* at batch 3")
        self.assert_golden_notices()
        self.assert_served(self.preds(learn), "scores")

    def test_the_learner_is_left_as_it_was(self) -> None:
        learn = self.trained(self.loaders(fv.Resize(64)), epochs=0)
        learn.model.train()
        export_fastai.export(learn, self.folder)
        self.assertTrue(learn.model.training)

    def test_refusals(self) -> None:
        learn = self.trained(self.loaders(fv.Resize(64)), epochs=0)
        for item, said in (
            (fv.Resize(64, method="pad", pad_mode="zeros"), "pad_mode zeros"),
            (fv.RatioResize(64), "item transform RatioResize"),
            ([fv.Resize(64), Darker()], "item transform Darker"),
            ([fv.CropPad(60), fv.Resize(64)], "CropPad and Resize both change the size"),
        ):
            with self.assertRaisesRegex(export_fastai.ExportError, said):
                export_fastai.export(self.trained(self.loaders(item), epochs=0), self.folder, PHOTO)
        with self.assertRaisesRegex(export_fastai.ExportError, "batch transform Inverted"):
            export_fastai.export(self.trained(self.loaders(fv.Resize(64), [Inverted()]), epochs=0), self.folder, PHOTO)
        with self.assertRaisesRegex(export_fastai.ExportError, "3 labels, but the model has 10"):
            export_fastai.export(learn, self.folder, PHOTO, labels=["a", "b", "c"])
        learn.loss_func = lambda got, want: (got - want).sum()
        with self.assertRaisesRegex(export_fastai.ExportError, "does not tell the activation"):
            export_fastai.export(learn, self.folder, PHOTO)
        self.assertFalse((self.folder / "model.onnx").exists())


if not NO_FASTAI:

    class Darker(fv.Transform):
        """An item transform that nobody knows."""

        def encodes(self, picture: fv.PILImage):
            return fv.PILImage.create(np.asarray(picture) // 2)

    class Inverted(fv.Transform):
        """A batch transform that nobody knows."""

        order = 20

        def encodes(self, batch: fv.TensorImage):
            return 1 - batch


def two_labels(path: Path) -> list:
    return [path.parent.name, "even" if int(path.parent.name[-1]) % 2 == 0 else "digit 1"]


def number_of(path: Path) -> float:
    return float(path.parent.name[-1])


def mask_of(path: Path) -> np.ndarray:
    return (np.asarray(Image.open(path).convert("L")) > 100).astype(np.uint8)


@unittest.skipIf(NO_TORCHVISION, NO_TORCHVISION)
class Torch(Exporting):
    """export_torch.py: random weights with the transforms of torchvision and timm, and some of one's own."""

    def check(self, model, transform, notices=True, **more) -> None:
        """notices=False: in a deep net of random weights a wrong mean does not reach the outputs."""
        model.eval()
        export_torch.export(model, self.folder, image=PHOTO, transform=transform, **more)
        if notices:
            self.assert_golden_notices()
        given = export_torch.timm_transform(transform) if isinstance(transform, dict) else transform
        mode = "L" if self.written("serving.json").get("preprocess", {}).get("color") == "L" else "RGB"
        for picture in OTHERS:
            with torch.no_grad():
                want = model(given(Image.open(picture).convert(mode))[None])
            want = want["out"] if isinstance(want, dict) else want
            self.assert_served(want.numpy(), pictures=[picture])

    def compose(self, *steps):
        normalize = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
        return transforms.Compose([*steps, transforms.ToTensor(), normalize])

    def test_torchvision_preset(self) -> None:
        weights = models.ResNet18_Weights.DEFAULT
        self.check(models.resnet18(weights=None), weights.transforms(), labels=weights.meta["categories"])
        self.assertEqual(self.written("preprocessor_config.json")["size"], {"shortest_edge": 256})

    def test_torchvision_segmentation_of_any_size(self) -> None:
        model = models.segmentation.lraspp_mobilenet_v3_large(weights=None, weights_backbone=None, num_classes=3)
        self.check(model, self.compose(transforms.Resize(96)), notices=False, labels=["a", "b", "c"])
        self.assertEqual(self.written("serving.json")["task"], "segmentation")

    def test_torchvision_segmentation_of_one_size(self) -> None:
        model = models.segmentation.deeplabv3_mobilenet_v3_large(weights=None, weights_backbone=None, num_classes=3)
        self.check(model, self.compose(transforms.Resize((96, 128))), notices=False)

    def test_vision_transformer(self) -> None:
        model = models.vit_b_32(weights=None)
        nn.init.normal_(model.heads.head.weight, std=0.1)
        self.check(model, models.ViT_B_32_Weights.DEFAULT.transforms())

    @unittest.skipIf(NO_TIMM, NO_TIMM)
    def test_timm(self) -> None:
        model = timm.create_model("mobilenetv3_small_050", num_classes=5)
        self.check(model, timm.data.resolve_data_config({}, model=model), labels=list("abcde"))
        self.assertEqual(self.written("preprocessor_config.json")["resample"], 3)

    def test_compose(self) -> None:
        resize = transforms.Resize(45, transforms.InterpolationMode.BICUBIC)
        self.check(small(3), self.compose(resize, transforms.CenterCrop((40, 51))))
        self.check(small(3), self.compose(transforms.Resize(40, max_size=50)))
        self.check(small(3), self.compose(transforms.CenterCrop(81)), multi_label=True, threshold=0.3)
        self.assertEqual(self.written("config.json")["problem_type"], "multi_label_classification")
        self.assertEqual(self.written("serving.json")["preprocess"], {"crop_rounding": "half_even"})

    @unittest.skipIf(v2 is None, "torchvision has no transforms.v2")
    def test_v2(self) -> None:
        steps = [v2.RGB(), v2.Resize(40), v2.CenterCrop(33), v2.ToImage(), v2.ToDtype(torch.float32, scale=True)]
        self.check(small(3), v2.Compose([*steps, v2.Normalize([0.5] * 3, [0.25] * 3)]))

    def test_one_channel(self) -> None:
        steps = [transforms.Resize(40), transforms.ToTensor(), transforms.Normalize([0.4], [0.3])]
        self.check(small(3, 1), transforms.Compose([transforms.Grayscale(), *steps]), labels=["a", "b", "c"])
        self.assertEqual(self.written("serving.json")["preprocess"]["color"], "L")

    def test_regression(self) -> None:
        self.check(small(1), self.compose(transforms.Resize((50, 60))), task="regression")

    def test_stated_preprocessing(self) -> None:
        resize = {"height": 48, "width": 64, "filter": "lanczos"}
        stated = {"color": "BGR", "resize": resize, "rescale_factor": 1 / 127.5, "rescale_offset": -1.0}
        self.check(small(3), caffe, preprocess=stated)
        with self.assertRaisesRegex(export_torch.ExportError, "gives other pixels"):
            self.check(small(3), caffe, preprocess={**stated, "color": "RGB"})

    def test_checkpoint_by_command(self) -> None:
        self.folder.mkdir()
        model = models.mobilenet_v3_small(weights=None, num_classes=4).eval()
        torch.save(model.state_dict(), self.folder / "best.pth")
        (self.folder / "labels.txt").write_text("north\neast\nsouth\nwest\n")
        command = [sys.executable, str(TOOLS / "export_torch.py"), "torchvision:mobilenet_v3_small", str(self.folder)]
        files = ["--checkpoint", str(self.folder / "best.pth"), "--labels", str(self.folder / "labels.txt")]
        done = subprocess.run([*command, *files, "--image", str(PHOTO)], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.written("config.json")["id2label"]["3"], "west")
        transform = models.MobileNet_V3_Small_Weights.DEFAULT.transforms()
        with torch.no_grad():
            want = model(torch.stack([transform(Image.open(picture)) for picture in OTHERS])).numpy()
        self.assert_served(want)

    def test_refusals(self) -> None:
        resize, tensor = transforms.Resize((50, 60)), transforms.ToTensor()
        for steps, more, said in (
            ([transforms.RandomHorizontalFlip(), resize, tensor], {}, "RandomHorizontalFlip"),
            ([resize, tensor, transforms.Lambda(torch.neg)], {}, "Lambda"),
            ([tensor, resize], {}, "Resize works on a tensor"),
            ([transforms.CenterCrop(40), resize, tensor], {}, "Resize comes after another"),
            ([resize, tensor], {"labels": ["a"]}, "1 labels, but the model has 3"),
            ([resize, tensor], {"task": "segmentation"}, "a segmentation"),
        ):
            with self.assertRaisesRegex(export_torch.ExportError, said):
                self.check(small(3), transforms.Compose(steps), **more)
        with self.assertRaisesRegex(export_torch.ExportError, "no ONNX file gives torch's numbers"):
            self.check(BatchDependent(), transforms.Compose([resize, tensor]))
        self.assertFalse((self.folder / "model.onnx").exists())


class BatchDependent(nn.Module):
    """A model whose Python reads a number while it is traced: the graph then keeps the example's."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = small(3)

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        return self.inner(batch) * float(batch.mean().item() * 1000)


def caffe(picture: Image.Image) -> torch.Tensor:
    """What older models were trained with: BGR in -1..1."""
    pixels = np.asarray(picture.resize((64, 48), Image.LANCZOS), np.float32)[:, :, ::-1]
    return torch.from_numpy(np.ascontiguousarray((pixels / np.float32(127.5) - 1).transpose(2, 0, 1)))


class SharedText(unittest.TestCase):
    """Each exporter is one file to copy, so a part stands in both."""

    def test_is_the_same(self) -> None:
        parts = [(TOOLS / name).read_text().split("\n# ---- ") for name in ("export_fastai.py", "export_torch.py")]
        self.assertEqual([len(part) for part in parts], [3, 3])
        self.assertEqual(parts[0][1], parts[1][1])


if __name__ == "__main__":
    for package in ("torch", "torchvision", "fastai", "timm", "onnx", "onnxruntime", "onnxscript", "pillow", "numpy"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            print(package, importlib.metadata.version(package), end="; ")
    print("python", sys.version.split()[0])
    for reason in filter(None, (NO_FASTAI, NO_TORCHVISION, NO_TIMM, NO_SERVER)):
        print("skipped:", reason)
    unittest.main(verbosity=2)
