"""BentoML as its documentation shows it: a service class, one worker process for each core, images as PIL's."""

import os

import bentoml
from onnx_classifier import OnnxClassifier
from PIL import Image


@bentoml.service(workers=int(os.environ["WORKERS"]), traffic={"timeout": 120})
class Tiles:
    def __init__(self):
        self.classifier = OnnxClassifier()

    @bentoml.api
    def predict(self, images: list[Image.Image]) -> list[int]:
        return self.classifier(images)
