"""Cuts a backbone in two: frozen stages, whose output can be cached, and trained stages."""

from collections.abc import Iterator, Set
from typing import Any

import torch
from torch import nn


def divide(backbone: Any, tuned: Set[str]) -> tuple[nn.Sequential, nn.Sequential] | None:
    """Cut a backbone before its first fine-tuned module.

    Args:
        backbone: A timm model, on a device where it can run.
        tuned: Names of the parameters that are fine-tuned.

    Returns:
        The frozen modules and those after them, both from map to map. None where all or nothing is
        fine-tuned, or where the backbone is no chain of modules, as a transformer is not.
    """
    frozen, behind = nn.Sequential(), nn.Sequential()
    for name, module in _chain(backbone):
        is_tuned = any(f"{name}.{own}" in tuned for own, _ in module.named_parameters())
        (behind if len(behind) or is_tuned else frozen).append(module)
    if not len(frozen) or not len(behind):
        return None
    device = next(backbone.parameters()).device
    pixels = torch.linspace(-1, 1, 3 * 64 * 64, device=device).reshape(1, 3, 64, 64)
    with torch.no_grad():
        try:
            is_chain = torch.allclose(
                behind(frozen(pixels)), backbone.forward_features(pixels), atol=1e-4
            )
        # Modules raise these for shapes that they cannot take.
        except (RuntimeError, TypeError, ValueError, AssertionError):
            is_chain = False
    return (frozen, behind) if is_chain else None


def _chain(backbone: Any) -> Iterator[tuple[str, nn.Module]]:
    """List a backbone's modules before its pooling, in order; a sequence by its members."""
    for name, child in backbone.named_children():
        if name in ("global_pool", "head"):
            return
        if isinstance(child, nn.Sequential):
            yield from ((f"{name}.{number}", member) for number, member in child.named_children())
        else:
            yield name, child
