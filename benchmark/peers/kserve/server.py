"""KServe's Python model server as its documentation shows it: a custom predictor, one process for each core."""

import os
from base64 import b64decode

import kserve
from onnx_classifier import OnnxClassifier


class Tiles(kserve.Model):
    def __setstate__(self, state):
        """Runs in each process: the model is pickled on its way there, and a session can't be."""
        self.__dict__.update(state)
        self.classifier = OnnxClassifier()

    def predict(self, payload, headers=None):
        images = [b64decode(instance["b64"]) for instance in payload["instances"]]
        return {"predictions": self.classifier(images)}


if __name__ == "__main__":
    model = Tiles("tiles")
    model.ready = True
    server = kserve.ModelServer(
        http_port=int(os.environ["PORT"]),
        workers=int(os.environ["WORKERS"]),
        enable_grpc=False,
    )
    server.start([model])
