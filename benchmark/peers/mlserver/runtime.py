"""MLServer as its documentation shows it: a custom runtime, run by its pool of worker processes."""

from onnx_classifier import OnnxClassifier
from mlserver import MLModel
from mlserver.codecs import Base64Codec
from mlserver.types import InferenceResponse, ResponseOutput


class TileRuntime(MLModel):
    async def load(self):
        self.classifier = OnnxClassifier()
        return True

    async def predict(self, payload):
        images = self.decode(payload.inputs[0], default_codec=Base64Codec)
        classes = self.classifier(images)
        output = ResponseOutput(name="class", shape=[len(classes), 1], datatype="INT64", data=classes)
        return InferenceResponse(model_name=self.name, outputs=[output])
