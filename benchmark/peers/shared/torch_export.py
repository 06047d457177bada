"""Writes an ONNX graph of benchmark/graphs as TorchScript: the same weights for the peers that run PyTorch.

Usage: python torch_export.py model.onnx model.pt
"""

import sys

import onnx
import torch
from onnx import numpy_helper
from torch.nn import functional


class Graph(torch.nn.Module):
    """Computes a graph of the nine operators that benchmark/graphs uses."""

    def __init__(self, graph):
        super().__init__()
        self.graph = graph
        for tensor in graph.initializer:
            self.register_buffer(tensor.name, torch.from_numpy(numpy_helper.to_array(tensor).copy()))

    def forward(self, image):
        values = dict(self.named_buffers())
        values[self.graph.input[0].name] = image
        for node in self.graph.node:
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            values[node.output[0]] = run(node.op_type, [values[name] for name in node.input], attributes)
        return values[self.graph.output[0].name]


def run(operator, inputs, attributes):
    """Computes one node; raises KeyError for an operator or attribute that the graphs don't have."""
    match operator:
        case "Conv":
            strides, (top, left, _, _) = attributes["strides"], attributes["pads"]
            return functional.conv2d(*inputs, stride=strides, padding=(top, left), groups=attributes["group"])
        case "MaxPool":
            kernel, strides, (top, left, _, _) = (attributes[name] for name in ("kernel_shape", "strides", "pads"))
            return functional.max_pool2d(*inputs, kernel, strides, (top, left))
        case "Clip":
            # Its bounds are 0 and 6 in every graph.
            return functional.relu6(inputs[0])
        case "Gemm":
            return functional.linear(*inputs)
    return {
        "Relu": functional.relu,
        "Add": torch.add,
        "GlobalAveragePool": lambda x: functional.adaptive_avg_pool2d(x, 1),
        "Flatten": lambda x: torch.flatten(x, 1),
        "Identity": lambda x: x,
    }[operator](*inputs)


if __name__ == "__main__":
    module = Graph(onnx.load(sys.argv[1]).graph).eval()
    with torch.inference_mode():
        traced = torch.jit.trace(module, torch.rand(2, 3, 224, 224))
    # The traced module holds the graph's initializers as its buffers, and no Python.
    torch.jit.save(traced, sys.argv[2])
