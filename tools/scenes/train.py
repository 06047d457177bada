"""Trains a network on scenes that are drawn as it goes: it never sees one twice."""

from types import ModuleType

import numpy as np
import torch
from torch import nn

from .digit_scenes import Scans, Scene, make_scene

SEED = 20
HELD_OUT_SEED = 2020


def train(example: ModuleType, scans: Scans) -> nn.Module:
    """Returns the network in evaluation mode."""
    network = example.Network()
    print(f"{sum(weight.numel() for weight in network.parameters())} weights, {example.STEPS} steps", flush=True)
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, example.PEAK_LEARNING_RATE, example.STEPS)
    total_loss = 0.0
    for step in range(1, example.STEPS + 1):
        scenes = draw_scenes(example, scans, SEED, step, example.ROWS_PER_STEP, example.SOURCE_SIZES)
        pixels = torch.from_numpy(np.stack([example.preprocess(scene.image) for scene in scenes]))
        targets = zip(*(example.make_targets(scene) for scene in scenes), strict=True)
        loss = example.loss(network, pixels, *(torch.from_numpy(np.stack(part)) for part in targets))
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        schedule.step()
        total_loss += loss.item()
        if step % 50 == 0:
            print(f"step {step} of {example.STEPS}: training loss {total_loss / 50:.4f}", flush=True)
            total_loss = 0.0
    return network.eval()


def draw_scenes(
    example: ModuleType, scans: Scans, seed: int, stream: int, count: int, sizes: list[tuple[int, int]]
) -> list[Scene]:
    """Returns scenes of the given sizes in turn. The same arguments give the same scenes."""
    rng = np.random.default_rng([seed, stream])
    chosen = [sizes[index % len(sizes)] for index in range(count)]
    return [make_scene(rng, scans, size, example.scale_of(size)) for size in chosen]
