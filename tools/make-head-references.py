"""Makes tests/parity/fixtures/heads.json: outputs of exported models, and what their libraries make of them.

    /tmp/heads/bin/pip install 'transformers==4.45.2' 'torch==1.13.*' 'torchvision==0.14.*' 'onnx<1.13' onnxruntime 'pillow==12.3.0'
    /tmp/heads/bin/python tools/make-head-references.py

Small models of random weights are exported by torch.onnx and run by ONNX Runtime on a picture; the library's own
post-processing then gives boxes or a mask in the picture. Stored are the graph's outputs and that answer.
"""

import base64
import json
import sys
import tempfile
import zlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnxruntime
import torch
import torchvision
import transformers
from PIL import Image

FIXTURES = Path(__file__).resolve().parent.parent / "tests" / "parity" / "fixtures"
SOURCE = (190, 251)  # of photo-large.jpg, height and width
FED = (96, 128)


def main() -> None:
    torch.manual_seed(0)
    cases = [*detectors(), *torchvision_detectors(), *segmentations()]
    head = {"transformers": transformers.__version__, "torch": torch.__version__, "torchvision": torchvision.__version__}
    text = json.dumps(head)[:-1] + ',\n"cases": [\n' + ",\n".join(json.dumps(case) for case in cases) + "\n]}\n"
    (FIXTURES / "heads.json").write_text(text)
    print(json.dumps(head))


def detectors() -> list[dict]:
    if not hasattr(torch, "compiler"):  # RT-DETR asks it; torch 1.13 has none
        torch.compiler = SimpleNamespace(is_compiling=lambda: False)
    from transformers import (
        ConditionalDetrConfig,
        ConditionalDetrForObjectDetection,
        ConditionalDetrImageProcessor,
        DetrConfig,
        DetrForObjectDetection,
        DetrImageProcessor,
        ResNetConfig,
        RTDetrConfig,
        RTDetrForObjectDetection,
        RTDetrImageProcessor,
        RTDetrResNetConfig,
        YolosConfig,
        YolosForObjectDetection,
        YolosImageProcessor,
    )

    names = {i: name for i, name in enumerate(["N/A", "person", "N/A", "car", "dog"])}
    backbone = ResNetConfig(embedding_size=8, hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], layer_type="basic", out_features=["stage4"])
    small = {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "num_queries": 30}
    plain = {"use_timm_backbone": False, "use_pretrained_backbone": False, "backbone": None, "backbone_config": backbone, "id2label": names}
    yolos = YolosConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, image_size=list(FED), num_detection_tokens=30, id2label=names)
    rt_backbone = RTDetrResNetConfig(embedding_size=8, hidden_sizes=[8, 16, 16, 16], depths=[1, 1, 1, 1], layer_type="basic", out_features=["stage2", "stage3", "stage4"])
    rt = RTDetrConfig(
        backbone_config=rt_backbone, encoder_in_channels=[16, 16, 16], encoder_hidden_dim=16, d_model=16, decoder_in_channels=[16, 16, 16],
        encoder_ffn_dim=16, decoder_ffn_dim=16, encoder_attention_heads=2, decoder_attention_heads=2, decoder_layers=1, num_queries=30,
        num_denoising=0, anchor_image_size=list(FED), id2label=names,
    )
    # What num_labels says of the last class: softmax has one more, "no object".
    models = [
        ("detr", DetrForObjectDetection(DetrConfig(**plain, **small)), DetrImageProcessor(), 0.25),
        ("yolos", YolosForObjectDetection(yolos), YolosImageProcessor(), 0.25),
        ("conditional-detr", ConditionalDetrForObjectDetection(ConditionalDetrConfig(**plain, **small)), ConditionalDetrImageProcessor(), 0.5),
        ("rt-detr", RTDetrForObjectDetection(rt), RTDetrImageProcessor(), 0.5),
    ]
    made = []
    for name, model, processor, threshold in models:
        spread(model)
        outputs = run(model, picture(FED)[None], ["logits", "pred_boxes"])
        tensors = {key: torch.from_numpy(value) for key, value in outputs.items()}
        wrapped = SimpleNamespace(**tensors)
        more = {"top_k": 100} if name == "conditional-detr" else {}
        result = processor.post_process_object_detection(wrapped, threshold=threshold, target_sizes=[SOURCE], **more)[0]
        made.append({"name": name, "labels": list(names.values()), "threshold": threshold, "row": FED, "outputs": stored(outputs), "boxes": boxes(result)})
    return made


def torchvision_detectors() -> list[dict]:
    from torchvision.models import detection

    common = {"weights": None, "weights_backbone": None, "num_classes": 4}
    models = [
        ("fasterrcnn", detection.fasterrcnn_mobilenet_v3_large_320_fpn(**common, min_size=96, max_size=128, box_detections_per_img=20, rpn_post_nms_top_n_test=50)),
        ("retinanet", detection.retinanet_resnet50_fpn(**common, min_size=64, max_size=96, detections_per_img=20, score_thresh=0.0)),
    ]
    made = []
    for name, model in models:
        model.eval()
        fed = picture(SOURCE)
        with torch.no_grad():
            result = model([fed])[0]
        outputs = run_list(name, model, fed)
        made.append({"name": name, "labels": ["__background__", "cat", "dog", "fish"], "threshold": 0.0, "row": SOURCE, "outputs": stored(outputs), "boxes": boxes(result)})
    return made


def segmentations() -> list[dict]:
    from transformers import SegformerConfig, SegformerForSemanticSegmentation, SegformerImageProcessor

    config = SegformerConfig(hidden_sizes=[8, 8, 8, 8], depths=[1, 1, 1, 1], num_attention_heads=[1, 1, 1, 1], decoder_hidden_size=8, num_labels=5)
    model = SegformerForSemanticSegmentation(config)
    spread(model)
    outputs = run(model, picture(FED)[None], ["logits"])
    wrapped = SimpleNamespace(logits=torch.from_numpy(outputs["logits"]))
    mask = SegformerImageProcessor().post_process_semantic_segmentation(wrapped, target_sizes=[SOURCE])[0]
    return [{"name": "segformer", "row": FED, "outputs": stored(outputs), "mask": packed(mask.numpy().astype(np.uint8))}]


def spread(model: torch.nn.Module) -> None:
    """Random weights of a size at which answers differ from place to place."""
    for part in model.modules():
        if isinstance(part, (torch.nn.Linear, torch.nn.Conv2d)):
            torch.nn.init.normal_(part.weight, 0, 1.5 / part.weight[0].numel() ** 0.5)
            if part.bias is not None:
                torch.nn.init.normal_(part.bias, 0, 0.5)
    model.eval()


def picture(size: tuple[int, int]) -> torch.Tensor:
    image = Image.open(FIXTURES / "images" / "photo-large.jpg").convert("RGB").resize((size[1], size[0]))
    return torch.from_numpy(np.asarray(image).copy()).permute(2, 0, 1).float() / 255


def run(model: torch.nn.Module, fed: torch.Tensor, names: list[str]) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        path = f"{keep(folder)}/{type(model).__name__}-{len(names)}.onnx"
        torch.onnx.export(model, (fed,), path, input_names=["pixel_values"], output_names=names, opset_version=16)
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        answers = session.run(names, {"pixel_values": fed.numpy()})
    return dict(zip(names, answers))


def run_list(name: str, model: torch.nn.Module, fed: torch.Tensor) -> dict:
    """torchvision's detectors take a list of pictures [3, H, W] and answer in the order of their dict."""
    names = list(model([fed])[0])
    with tempfile.TemporaryDirectory() as folder:
        path = f"{keep(folder)}/{name}.onnx"
        torch.onnx.export(model, ([fed],), path, input_names=["image"], output_names=names, opset_version=11)
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        print(name, [(i.name, i.shape) for i in session.get_inputs()], [(o.name, o.shape) for o in session.get_outputs()])
        answers = session.run(names, {"image": fed.numpy()})
    return dict(zip(names, answers))


def keep(folder: str) -> str:
    """`--keep FOLDER` leaves the models there."""
    return sys.argv[2] if sys.argv[1:2] == ["--keep"] else folder


def boxes(result: dict) -> list:
    """x1, y1, x2, y2, score, class."""
    rows = zip(result["boxes"].tolist(), result["scores"].tolist(), result["labels"].tolist())
    return [[round(edge, 3) for edge in box] + [score, label] for box, score, label in rows]


def stored(outputs: dict) -> dict:
    """Without the batch axis, where there is one."""
    return {name: {"shape": list(value.shape[1:] if value.shape[0] == 1 and value.ndim > 2 else value.shape), "dtype": str(value.dtype), "data": packed(value)} for name, value in outputs.items()}


def packed(array: np.ndarray) -> str:
    return base64.b64encode(zlib.compress(np.ascontiguousarray(array).tobytes(), 9)).decode()


if __name__ == "__main__":
    main()
