"""Triton with its Python backend, through NVIDIA's PyTriton: one inference callable for each core."""

import os
import sysconfig

import numpy as np
from onnx_classifier import OnnxClassifier
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

# Triton's stub links libpython dynamically; without this it may find another Python's.
os.environ["LD_LIBRARY_PATH"] = sysconfig.get_config_var("LIBDIR")


def inference_callable():
    classifier = OnnxClassifier()

    @batch
    def infer(image):
        return {"class": np.array(classifier(image[:, 0].tolist()), np.int64).reshape(-1, 1)}

    return infer


config = TritonConfig(
    http_address="127.0.0.1",
    http_port=int(os.environ["PORT"]),
    grpc_port=int(os.environ["PORT_2"]),
    metrics_port=int(os.environ["PORT_3"]),
)
with Triton(config=config) as triton:
    triton.bind(
        model_name="tiles",
        infer_func=[inference_callable() for _ in range(int(os.environ["WORKERS"]))],
        inputs=[Tensor(name="image", dtype=bytes, shape=(1,))],
        outputs=[Tensor(name="class", dtype=np.int64, shape=(1,))],
        config=ModelConfig(max_batch_size=16, batcher=DynamicBatcher()),
        strict=True,
    )
    triton.serve()
