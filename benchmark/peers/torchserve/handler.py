"""A TorchServe handler; the JSON envelope gives it the instances of all requests of a batch as one list."""

from torch_classifier import TorchClassifier


class TileHandler:
    def initialize(self, context):
        self.classifier = TorchClassifier()

    def handle(self, data, context):
        return self.classifier(data)
