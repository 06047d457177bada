"""Makes tests/parity/fixtures/ultralytics.json: what Ultralytics' own predictor feeds its exports and answers.

    python3 -m venv /tmp/ultralytics && /tmp/ultralytics/bin/pip install 'ultralytics==8.4.190' onnx onnxruntime 'pillow==12.3.0' scikit-learn
    /tmp/ultralytics/bin/python tools/make-ultralytics-references.py

Models of random weights are exported and then given to `YOLO("x.onnx").predict`. Stored is, for each picture: the
sha256 of the tensor that was fed, the numbers that the graph gave, and the boxes in the picture; and for each model
its metadata and input shape. Nothing of the models or of Ultralytics' code is stored. Pictures are decoded by Pillow,
so that decoders are not compared; `--photo` writes the photograph of 416 x 640 again (china.jpg of scikit-learn).
"""

import base64
import hashlib
import json
import sys
import tempfile
import zlib
from pathlib import Path

import cv2
import numpy as np
import onnx
import torch
import ultralytics
from PIL import Image
from ultralytics import YOLO
from ultralytics.engine.predictor import BasePredictor

FIXTURES = Path(__file__).resolve().parent.parent / "tests" / "parity" / "fixtures"
PHOTO = "photo-416x640.jpg"
FILES = [PHOTO, "portrait.jpg", "photo-large.jpg"]
CONF, IOU = 0.25, 0.7
NAMES = ["cat", "it's a \"dog\"", "fish"]

# name, architecture, arguments of export
MODELS = [
    ("detect", "yolov8n.yaml", {"imgsz": 96}),
    ("detect-wide", "yolo11n.yaml", {"imgsz": (64, 96)}),
    ("detect-dynamic", "yolov8n.yaml", {"imgsz": 96, "dynamic": True}),
    ("detect-nms", "yolov8n.yaml", {"imgsz": 96, "nms": True}),
    ("segment", "yolov8n-seg.yaml", {"imgsz": 64}),
    ("pose", "yolov8n-pose.yaml", {"imgsz": 64}),
    ("pose-nms", "yolov8n-pose.yaml", {"imgsz": 64, "nms": True}),
    ("classify", "yolov8n-cls.yaml", {"imgsz": 64}),
    ("classify-wide", "yolov8n-cls.yaml", {"imgsz": (64, 96)}),
]


def main() -> None:
    torch.manual_seed(0)
    if "--photo" in sys.argv:
        write_photo()
    made = {"ultralytics": ultralytics.__version__, "opencv": cv2.__version__, "models": []}
    with tempfile.TemporaryDirectory() as folder:
        for name, architecture, arguments in MODELS:
            path = export(Path(folder), architecture, arguments)
            made["models"].append({"name": name} | describe(path) | {"pictures": predictions(path)})
    made["resize"] = resized()
    (FIXTURES / "ultralytics.json").write_text(lines(made) + "\n")
    print(made["ultralytics"], made["opencv"], torch.__version__)


def lines(made: dict) -> str:
    """One picture on each line: a diff then shows which changed."""
    models = [json.dumps(model).replace('{"file"', '\n {"file"') for model in made["models"]]
    rest = {key: value for key, value in made.items() if key not in ("models", "resize")}
    resize = ",\n".join(json.dumps(case) for case in made["resize"])
    return json.dumps(rest)[:-1] + ',\n"models": [\n' + ",\n".join(models) + '],\n"resize": [\n' + resize + "]}"


def write_photo() -> None:
    from sklearn.datasets import load_sample_image

    Image.fromarray(load_sample_image("china.jpg")[4:420]).save(FIXTURES / "images" / PHOTO, quality=55)


def export(folder: Path, architecture: str, arguments: dict) -> Path:
    model = YOLO(architecture)
    kept = {name: getattr(model.model, name) for name in ("args", "task")}
    more = {"data_kpt_shape": (3, 3)} if "pose" in architecture else {}
    model.model = type(model.model)(architecture, nc=len(NAMES), verbose=False, **more)
    for name, value in (kept | {"names": dict(enumerate(NAMES))}).items():
        setattr(model.model, name, value)
    calibrate(model.model)
    path = Path(model.export(format="onnx", simplify=False, verbose=False, **arguments))
    return path.rename(folder / f"{len(list(folder.iterdir()))}.onnx")


def calibrate(module: torch.nn.Module) -> None:
    """Sets the statistics of the normalisations to those of photographs, so that answers depend on the picture."""
    for part in module.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.momentum = None
            part.reset_running_stats()
            torch.nn.init.uniform_(part.weight, 0.8, 1.6)
            torch.nn.init.normal_(part.bias, 0, 0.4)
    for branch in getattr(module.model[-1], "cv3", []):
        torch.nn.init.normal_(branch[-1].weight, 0, 0.06)
        torch.nn.init.normal_(branch[-1].bias, -2.5, 0.5)
    pictures = [Image.open(FIXTURES / "images" / file).convert("RGB").resize((128, 128)) for file in FILES]
    batch = torch.from_numpy(np.stack([np.asarray(picture) for picture in pictures])).permute(0, 3, 1, 2) / 255
    with torch.no_grad():
        module.train()(batch)
    module.eval()


def describe(path: Path) -> dict:
    file = onnx.load(path)
    shape = [d.dim_param or d.dim_value for d in file.graph.input[0].type.tensor_type.shape.dim]
    metadata = {prop.key: prop.value for prop in file.metadata_props}
    kept = ("task", "head", "stride", "imgsz", "names", "args", "channels", "end2end", "batch", "kpt_shape")
    return {"input": shape, "metadata": {key: metadata[key] for key in kept if key in metadata}}


def predictions(path: Path) -> list[dict]:
    model = YOLO(str(path))
    task = model.task
    made = []
    for file in FILES:
        picture = np.asarray(Image.open(FIXTURES / "images" / file).convert("RGB"))
        seen = {}
        with recording(seen):
            # The size of a dynamic model is the caller's to say.
            size = json.loads(model_metadata(path)["imgsz"])
            result = model.predict(picture[..., ::-1], imgsz=size, conf=CONF, iou=IOU, verbose=False, device="cpu")[0]
        case = {"file": file, "shape": list(seen["fed"].shape[1:]), "sha256": sha256(seen["fed"])}
        if task == "classify":
            case["scores"] = result.probs.data.tolist()
        else:
            answered = seen["answered"]
            case["output"] = {"shape": list(answered.shape[1:]), "data": packed(answered)}
            boxes = result.boxes.data.tolist()
            case["boxes"] = [[round(v, 4) for v in box[:4]] + box[4:] for box in boxes]
        made.append(case)
    return made


def model_metadata(path: Path) -> dict:
    return {prop.key: prop.value for prop in onnx.load(path).metadata_props}


class recording:
    """Keeps what the predictor feeds and what the model answers."""

    def __init__(self, seen: dict) -> None:
        self.seen = seen

    def __enter__(self) -> None:
        self.inference = BasePredictor.inference

        def inference(predictor, fed, *args, **kwargs):
            answered = self.inference(predictor, fed, *args, **kwargs)
            self.seen["fed"] = fed.numpy().copy()
            first = answered[0] if isinstance(answered, (list, tuple)) else answered
            self.seen["answered"] = first.numpy().copy()
            return answered

        BasePredictor.inference = inference

    def __exit__(self, *_) -> None:
        BasePredictor.inference = self.inference


def resized() -> list[dict]:
    """cv2.resize with INTER_LINEAR, of grey noise and of photographs, up, down, by one axis and to the half."""
    made = []
    sizes = [(30, 40), (24, 32), (48, 32), (24, 64), (70, 90), (96, 128), (47, 63), (1, 1), (13, 200), (48, 61), (50, 64)]
    for file in ("photo-444.jpg", "grey.png", PHOTO):
        picture = Image.open(FIXTURES / "images" / file)
        pixels = np.asarray(picture if picture.mode == "L" else picture.convert("RGB"))
        half = (pixels.shape[0] // 2, pixels.shape[1] // 2)
        for height, width in [*sizes, half]:
            out = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_LINEAR)
            made.append({"file": file, "color": "L" if pixels.ndim == 2 else "RGB", "height": height, "width": width, "filter": "cv2_linear", "sha256": sha256(out)})
    return made


def sha256(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def packed(array: np.ndarray) -> str:
    return base64.b64encode(zlib.compress(array.astype(np.float32).tobytes(), 9)).decode()


if __name__ == "__main__":
    main()
