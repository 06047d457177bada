"""LitServe as its documentation shows it: a LitAPI, one worker process for each core."""

import os
from base64 import b64decode

import litserve
from onnx_classifier import OnnxClassifier


class TileAPI(litserve.LitAPI):
    def setup(self, device):
        self.classifier = OnnxClassifier()

    def decode_request(self, request):
        return [b64decode(instance["image_bytes"]["b64"]) for instance in request["instances"]]

    def predict(self, images):
        return self.classifier(images)

    def encode_response(self, classes):
        return {"predictions": classes}


if __name__ == "__main__":
    server = litserve.LitServer(TileAPI(), accelerator="cpu", workers_per_device=int(os.environ["WORKERS"]))
    server.run(host="127.0.0.1", port=int(os.environ["PORT"]), generate_client_file=False, log_level="warning")
