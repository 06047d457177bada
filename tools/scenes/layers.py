"""What the networks share: the size of their input, a convolution, and a trunk for those that score cells."""

import torch
from torch import nn

ROW_SIDE = 128
STRIDE = 8
CHANNELS = 80


def convolution(channels_in: int, channels_out: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
    )


class Trunk(nn.Sequential):
    """Shapes: [N, 3, 128, 128] to [N, 80, 16, 16]; each cell sees 71 x 71 pixels."""

    def __init__(self) -> None:
        super().__init__(
            convolution(3, 16, 2),
            convolution(16, 32, 2), convolution(32, 32),
            convolution(32, CHANNELS, 2), convolution(CHANNELS, CHANNELS),
            convolution(CHANNELS, CHANNELS), convolution(CHANNELS, CHANNELS),
        )  # fmt: skip


def cell_centres() -> tuple[torch.Tensor, torch.Tensor]:
    """Returns x and y of the centre of each of the trunk's cells. Shapes: [16, 16]. Units: pixels of the row."""
    places = (torch.arange(ROW_SIDE // STRIDE) + 0.5) * STRIDE
    y, x = torch.meshgrid(places, places, indexing="ij")
    return x, y
