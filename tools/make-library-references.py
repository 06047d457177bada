"""Makes tests/parity/fixtures/libraries/*.json: rows as transformers, timm and torchvision themselves make them.

    python tools/make-library-references.py transformers | timm | torchvision

Each case is a model folder as the library writes it (`save_pretrained`, `save_config_for_hf`) and, for images of
tests/parity, the row that the library makes after it has read that folder again: its shape and the sha256 of its
float32 bytes; where float operations are combined, some of its numbers instead. The fixture's name and content state
the versions that it ran with. Nothing is downloaded.

The stored ones ran with transformers 4.45.2 and 5.23.0, timm 1.0.31 and torchvision 0.14.1, all with Pillow 12.3.0.
transformers 5's processors run on Pillow where their class ends in `Pil`; its other classes resize tensors.
"""

import hashlib
import importlib
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import PIL
from PIL import Image

FIXTURES = Path(__file__).resolve().parent.parent / "tests" / "parity" / "fixtures"
SHAPES = ["photo-444.jpg", "photo-420.jpg", "portrait.jpg", "photo-large.jpg"]
COLOURS = ["grey.png", "rgba.png", "palette.png", "cmyk.jpg", "palette-trns.png", "1-bit.png", "grey-alpha.png"]
THIN = ["tall.png"]


def main() -> None:
    print(f"Pillow {PIL.__version__}, NumPy {np.__version__}")
    write = {"transformers": write_transformers, "timm": write_timm, "torchvision": write_torchvision}
    write[sys.argv[1]]()


def write_fixture(library: str, cases: list[dict], **more) -> None:
    version = importlib.import_module(library).__version__.split("+")[0].removesuffix("a0")
    name = f"{library}-{version}"
    body = ",\n".join(json.dumps(case) for case in cases)
    head = {"library": library, "version": version, "pillow": PIL.__version__, **more}
    text = json.dumps(head)[:-1] + f', "cases": [\n{body}\n]}}\n'
    (FIXTURES / "libraries").mkdir(exist_ok=True)
    (FIXTURES / "libraries" / f"{name}.json").write_text(text)
    print(f"{name}: {len(cases)} cases, {sum(len(case['rows']) for case in cases)} rows")


def reference(file: str, row, sampled: bool = False) -> dict:
    row = np.ascontiguousarray(row, dtype=np.float32)
    if not sampled:
        return {"file": file, "shape": list(row.shape), "sha256": hashlib.sha256(row.tobytes()).hexdigest()}
    step = max(1, row.size // 61)
    numbers = [float(value) for value in row.reshape(-1)[::step]]
    return {"file": file, "shape": list(row.shape), "step": step, "numbers": numbers}


def open_image(file: str, mode: str | None = "RGB") -> Image.Image:
    image = Image.open(FIXTURES / "images" / file)
    return image if mode is None else image.convert(mode)


# transformers


def square(edge: int) -> dict:
    return {"height": edge, "width": edge}


DETR = {"shortest_edge": 40, "longest_edge": 66}
CROP = {"size": {"shortest_edge": 48}, "crop_size": square(41)}

# Class, what is stated beside its defaults. Sizes are small where they change nothing but the speed.
STATED = [
    ("ViT", {"size": square(48)}),
    ("ViT", {"size": {"height": 31, "width": 57}, "resample": 3}),
    ("ViT", {"size": square(48), "image_mean": 0.45, "image_std": 0.3}),
    ("ViT", {"do_resize": False}),
    ("ViT", {"size": square(33), "do_rescale": False}),
    ("ViT", {"size": square(33), "do_normalize": False}),
    *[("ViT", {"size": square(37), "resample": number}) for number in (0, 1, 4, 5)],
    ("DeiT", {"size": square(48), "crop_size": square(41)}),
    ("Beit", {"size": square(48), "crop_size": square(41), "do_center_crop": True}),
    ("Beit", {"size": square(48), "do_center_crop": False, "do_reduce_labels": True}),
    ("ConvNext", {"size": {"shortest_edge": 48}, "crop_pct": 0.875}),
    ("ConvNext", {"size": {"shortest_edge": 57}, "crop_pct": 0.95, "resample": 3}),
    ("ConvNext", {"size": {"shortest_edge": 224}, "crop_pct": 0.875}),
    ("ConvNext", {"size": {"shortest_edge": 384}, "crop_pct": 1.0}),
    ("CLIP", CROP),
    ("CLIP", {"size": {"shortest_edge": 40}, "crop_size": square(71)}),
    ("CLIP", {"size": square(48), "do_center_crop": False}),
    ("ChineseCLIP", {"size": square(48), "do_center_crop": False}),
    ("Siglip", {"size": square(48), "do_convert_rgb": True}),
    ("EfficientNet", {"size": square(48), "resample": 0}),
    ("EfficientNet", {"size": square(48), "crop_size": square(43), "do_center_crop": True, "include_top": False, "resample": 2}),
    ("EfficientNet", {"size": square(48), "rescale_factor": 1 / 127.5, "rescale_offset": True, "do_normalize": False, "include_top": False, "resample": 3}),
    ("EfficientNet", {"size": square(48), "resample": 3, "image_mean": [0.485, 0.456, 0.406], "image_std": [0.47853944, 0.4732864, 0.47434163]}),
    ("MobileNetV1", CROP),
    ("MobileNetV2", CROP),
    ("MobileViT", {"size": {"shortest_edge": 36}, "crop_size": square(32)}),
    ("MobileViT", {"size": {"shortest_edge": 36}, "crop_size": square(41), "do_flip_channel_order": False}),
    ("Levit", CROP),
    ("PoolFormer", {**CROP, "crop_pct": 0.9}),
    ("PoolFormer", {"size": square(48), "crop_size": square(48), "crop_pct": 0.95}),
    ("PoolFormer", {"size": {"height": 40, "width": 48}, "crop_size": {"height": 40, "width": 48}, "crop_pct": 0.9}),
    ("Bit", CROP),
    ("Segformer", {"size": square(64), "do_reduce_labels": True}),
    *[
        (name, {"size": DETR})
        for name in ("Detr", "ConditionalDetr", "DeformableDetr", "GroundingDino", "Yolos")
    ],
    ("Yolos", {"size": {"shortest_edge": 37, "longest_edge": 63}}),
    ("Detr", {"size": {"shortest_edge": 37, "longest_edge": 63}}),
    # tall.png, 3 x 900: its shorter edge is right when rounded, and so it stays as it is.
    ("Detr", {"size": {"shortest_edge": 40, "longest_edge": 899}}),
    ("Detr", {"size": {"max_height": 50, "max_width": 60}}),
    ("Detr", {"size": DETR, "pad_size": square(72)}),
    ("RTDetr", {"size": square(64)}),
    ("MaskFormer", {"size": {"shortest_edge": 40, "longest_edge": 75}, "size_divisor": 32}),
    ("Mask2Former", {"size": {"shortest_edge": 40, "longest_edge": 75}, "size_divisor": 16}),
    ("Mask2Former", {"size": square(48)}),
    ("OneFormer", {"size": {"shortest_edge": 40, "longest_edge": 75}}),
    ("DPT", {"size": square(48)}),
    ("DPT", {"size": square(42), "keep_aspect_ratio": True, "ensure_multiple_of": 14}),
    ("DPT", {"size": {"height": 40, "width": 61}, "keep_aspect_ratio": False, "ensure_multiple_of": 16}),
    ("DPT", {"do_resize": False, "do_pad": True, "size_divisor": 14}),
    ("GLPN", {"size_divisor": 16}),
    ("Swin2SR", {}),
    ("Sam", {"size": {"longest_edge": 96}, "pad_size": square(96)}),
    ("Perceiver", {"size": square(48), "crop_size": square(56)}),
    ("Vilt", {"size": {"shortest_edge": 48}, "size_divisor": 16}),
    ("Pvt", {"size": square(48)}),
    ("SegGpt", {"size": square(48)}),
    ("Blip", {"size": square(48)}),
    ("Flava", {"size": square(48), "crop_size": square(41)}),
    ("OwlViT", {"size": square(48), "crop_size": square(41)}),
    ("EfficientFormer", {"size": square(48), "crop_size": square(41)}),
    ("ViTHybrid", CROP),
]

# Files as older versions wrote them, with the class whose defaults fill them up.
OLD = [
    ("ViT", {"feature_extractor_type": "ViTFeatureExtractor", "do_normalize": True, "do_resize": True, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], "resample": 2, "size": 48}),
    ("DeiT", {"feature_extractor_type": "DeiTFeatureExtractor", "size": 48, "crop_size": 41, "do_center_crop": True}),
    ("Beit", {"feature_extractor_type": "BeitFeatureExtractor", "size": 48, "crop_size": 41, "reduce_labels": False}),
    ("CLIP", {"feature_extractor_type": "CLIPFeatureExtractor", "size": 48, "crop_size": 41, "do_center_crop": True, "resample": 3}),
    ("ConvNext", {"feature_extractor_type": "ConvNextFeatureExtractor", "size": 48, "crop_pct": 0.875, "resample": 3}),
    ("Levit", {"feature_extractor_type": "LevitFeatureExtractor", "size": 48, "crop_size": 48}),
    ("PoolFormer", {"feature_extractor_type": "PoolFormerFeatureExtractor", "size": 48, "crop_size": 48}),
    ("MobileViT", {"feature_extractor_type": "MobileViTFeatureExtractor", "size": 48, "crop_size": 41}),
    ("MobileNetV2", {"image_processor_type": "MobileNetV2FeatureExtractor", "size": 48, "crop_size": 41}),
    ("Segformer", {"feature_extractor_type": "SegformerFeatureExtractor", "size": 64, "reduce_labels": True, "align": False}),
    ("Detr", {"feature_extractor_type": "DetrFeatureExtractor", "size": 40, "max_size": 66, "format": "coco_detection"}),
    ("Detr", {"feature_extractor_type": "DetrFeatureExtractor", "size": 40}),
    ("MaskFormer", {"feature_extractor_type": "MaskFormerFeatureExtractor", "size": 40, "max_size": 75, "size_divisor": 0}),
    ("Vilt", {"feature_extractor_type": "ViltFeatureExtractor", "size": 48, "size_divisor": 16, "pad_and_return_pixel_mask": True}),
    ("DPT", {"feature_extractor_type": "DPTFeatureExtractor", "size": [40, 61], "keep_aspect_ratio": False, "ensure_multiple_of": 1}),
    ("GLPN", {"feature_extractor_type": "GLPNFeatureExtractor", "do_rescale": True, "size_divisor": 16}),
    ("Perceiver", {"feature_extractor_type": "PerceiverFeatureExtractor", "size": 48, "crop_size": 56}),
    ("Sam", {"image_processor_type": "SamImageProcessor", "size": {"longest_edge": 96}, "pad_size": {"height": 100, "width": 96}}),
    ("ViT", {"image_processor_type": "ViTImageProcessorFast", "size": {"height": 48, "width": 48}, "do_center_crop": None, "crop_size": None, "do_pad": None}),
]

# They convert an image to RGB themselves: so these get it as it is. Others get what `convert("RGB")` gives, as
# transformers' own image loader does; so do those of transformers 5, which blend alpha with white.
CONVERTS = {"CLIP", "Bit", "Blip"}

# What the PIL classes of transformers 5 do otherwise than 4.45.2 for the same file; the server does as 4.45.2.
CHANGED_IN_5 = {"MaskFormer", "Mask2Former", "OneFormer"}


def processor_class(name: str):
    import transformers

    for suffix in ("ImageProcessorPil", "ImageProcessor"):
        found = getattr(transformers, name + suffix, None)
        if found is not None:
            return found
    return None


def write_transformers() -> None:
    import transformers

    transformers.logging.set_verbosity_error()
    is_5 = transformers.__version__.startswith("5")
    cases = []
    for name, stated in STATED:
        kind = processor_class(name)
        if kind is None or (is_5 and name in CHANGED_IN_5):
            continue
        processor = kind(**stated, **extra(name))
        with tempfile.TemporaryDirectory() as folder:
            processor.save_pretrained(folder)
            content = json.loads((Path(folder) / "preprocessor_config.json").read_text())
            processor = kind.from_pretrained(folder)
        cases.append(transformers_case(name, stated, content, processor))
    for name, content in [] if is_5 else OLD:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "preprocessor_config.json").write_text(json.dumps(content))
            processor = processor_class(name).from_pretrained(folder)
        cases.append(transformers_case(name, content, content, processor))
    names = dict.fromkeys(name for name, _ in STATED)
    defaults = {} if is_5 else {name: processor_class(name)(**extra(name)).to_dict() for name in names}
    write_fixture("transformers", cases, defaults=defaults)


def extra(name: str) -> dict:
    """OneFormer wants the names of the classes, for its text inputs."""
    if name != "OneFormer":
        return {}
    folder = Path(tempfile.mkdtemp())
    (folder / "classes.json").write_text(json.dumps({"0": {"name": "a", "isthing": 1}}))
    return {"class_info_file": "classes.json", "repo_path": str(folder), "num_text": 1}


def transformers_case(name: str, stated: dict, content: dict, processor) -> dict:
    content = {key: value for key, value in content.items() if key not in ("metadata", "repo_path", "class_info_file")}
    # The numbers of a second division by the deviation, which is one division by its square here.
    sampled = name == "EfficientNet" and stated.get("include_top", True)
    converts = name in CONVERTS and type(processor).__name__ == f"{name}ImageProcessor"
    files = SHAPES + (COLOURS if converts else []) + (THIN if name == "CLIP" or "899" in str(stated) else [])
    rows = []
    for file in files:
        image = open_image(file, None if converts else "RGB")
        row = processor(image, return_tensors="np")["pixel_values"][0]
        rows.append(reference(file, row, sampled))
    return {"title": f"{name} {json.dumps(stated)}", "files": {"preprocessor_config.json": content}, "rows": rows}


# timm


PRETRAINED = [
    {"input_size": (3, 48, 48), "crop_pct": 0.875, "interpolation": "bicubic"},
    {"input_size": (3, 48, 48), "crop_pct": 0.95, "interpolation": "bilinear", "mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)},
    {"input_size": (3, 48, 48), "crop_pct": 1.0, "interpolation": "nearest"},
    {"input_size": (3, 48, 48), "crop_pct": 1.0, "interpolation": "lanczos"},
    {"input_size": (3, 48, 48), "crop_pct": 1.25, "interpolation": "bilinear"},
    {"input_size": (3, 41, 67), "crop_pct": 0.9, "interpolation": "bicubic"},
    {"input_size": (3, 67, 41), "crop_pct": 1.0, "interpolation": "bilinear"},
    {"input_size": (3, 48, 48), "crop_pct": 0.9, "crop_mode": "squash"},
    {"input_size": (3, 41, 67), "crop_pct": 0.9, "crop_mode": "squash", "interpolation": "bicubic"},
    {"input_size": (3, 48, 48), "crop_pct": 1.0, "crop_mode": "border"},
    {"input_size": (3, 47, 47), "crop_pct": 0.875, "crop_mode": "border", "interpolation": "bilinear"},
    {"input_size": (3, 41, 67), "crop_pct": 0.9, "crop_mode": "border", "mean": (0.5, 0.4, 0.3), "std": (0.2, 0.3, 0.4)},
    {"input_size": (1, 48, 48), "crop_pct": 0.875, "mean": (0.1307,), "std": (0.3081,)},
    {"input_size": (1, 48, 48), "crop_pct": 1.0, "crop_mode": "border"},
]

# Older uploads: no pretrained_cfg, its keys beside the architecture.
FLAT = [
    {"architecture": "resnet18", "num_classes": 2, "input_size": [3, 48, 48], "interpolation": "bilinear", "crop_pct": 0.875, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225], "first_conv": "conv1", "labels": ["a", "b"]},
    {"architecture": "resnet18", "input_size": [3, 48, 48]},
]


def write_timm() -> None:
    import timm
    import torch
    import torchvision
    from timm.models._hub import load_model_config_from_path, save_config_for_hf

    torch.manual_seed(0)
    cases = []
    for stated in PRETRAINED:
        model = timm.create_model("resnet18", in_chans=stated["input_size"][0], num_classes=2, pretrained_cfg_overlay=stated)
        with tempfile.TemporaryDirectory() as folder:
            save_config_for_hf(model, str(Path(folder) / "config.json"))
            content = json.loads((Path(folder) / "config.json").read_text())
            config, _, _ = load_model_config_from_path(folder)
        cases.append(timm_case(json.dumps(stated), content, config))
    for content in FLAT:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "config.json").write_text(json.dumps(content))
            config, _, _ = load_model_config_from_path(folder)
        cases.append(timm_case("flat " + json.dumps(content), content, config))
    test = {"input_size": (3, 48, 48), "test_input_size": (3, 61, 61), "crop_pct": 0.875, "test_crop_pct": 1.0}
    model = timm.create_model("resnet18", num_classes=2, pretrained_cfg_overlay=test)
    with tempfile.TemporaryDirectory() as folder:
        save_config_for_hf(model, str(Path(folder) / "config.json"))
        content = json.loads((Path(folder) / "config.json").read_text())
        config, _, _ = load_model_config_from_path(folder)
    cases.append(timm_case("test size", content, config, use_test_size=True))
    write_fixture("timm", cases, torchvision=torchvision.__version__, torch=torch.__version__)


def timm_case(title: str, content: dict, config: dict, use_test_size: bool = False) -> dict:
    from timm.data import create_transform, resolve_data_config

    data = resolve_data_config(pretrained_cfg=config, use_test_size=use_test_size)
    transform = create_transform(**data, is_training=False)
    mode = "L" if data["input_size"][0] == 1 else "RGB"
    rows = [reference(file, transform(open_image(file, mode)).numpy()) for file in SHAPES + COLOURS]
    return {"title": title, "files": {"config.json": content}, "input": list(data["input_size"]), "rows": rows}


# torchvision


def write_torchvision() -> None:
    import torch
    from torchvision.transforms._presets import ImageClassification, ObjectDetection, SemanticSegmentation

    presets = {
        "ImageClassification(crop_size=224)": ImageClassification(crop_size=224),
        "SemanticSegmentation(resize_size=520)": SemanticSegmentation(resize_size=520),
        "ObjectDetection()": ObjectDetection(),
    }
    cases = []
    for title, preset in presets.items():
        files = SHAPES + COLOURS if "Classification" in title or "Object" in title else SHAPES
        rows = [reference(file, preset(open_image(file)).numpy()) for file in files]
        cases.append({"title": title, "rows": rows})
    write_fixture("torchvision", cases, torch=torch.__version__)


if __name__ == "__main__":
    main()
