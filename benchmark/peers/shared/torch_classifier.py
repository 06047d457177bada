"""The TorchScript graph at TORCHSCRIPT_PATH, prepared as PyTorch's documentation advises for a CPU."""

import os

import torch
from preprocessing import preprocess


class TorchClassifier:
    def __init__(self):
        module = torch.jit.load(os.environ["TORCHSCRIPT_PATH"], map_location="cpu").eval()
        # Folds constants, fuses what it can and packs the weights for oneDNN.
        self.module = torch.jit.optimize_for_inference(module)
        for size in (1, 10):
            for _ in range(3):
                self.classify(torch.zeros(size, 3, 224, 224))

    def __call__(self, images):
        """Returns the class of each encoded image."""
        return self.classify(torch.from_numpy(preprocess(images))).tolist()

    @torch.inference_mode()
    def classify(self, rows):
        """Shapes: float32 [N, 3, 224, 224] -> int64 [N]."""
        return self.module(rows).argmax(dim=1)
