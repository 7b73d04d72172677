"""Keeps the weights of the last epochs, and takes their mean at the end of a run."""

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor


def keep_epoch(folder: Path, epoch: int, weights: dict[str, Tensor], kept: int) -> None:
    """Write an epoch's weights, and remove all but those of the last `kept` epochs."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(weights, folder / f"{epoch:04d}.safetensors")
    for old in kept_epochs(folder)[:-kept]:
        old.unlink()


def kept_epochs(folder: Path) -> list[Path]:
    """Return the files of the kept epochs, oldest first."""
    return sorted(folder.glob("*.safetensors"))


def average_epochs(folder: Path) -> dict[str, Tensor]:
    """Return the mean of the kept epochs' weights.

    Source:
        Izmailov et al. 2018, arXiv:1803.05407; here the averaged points are epochs of one cosine.
    """
    parts = [load_file(file) for file in kept_epochs(folder)]
    return {
        name: torch.stack([part[name].double() for part in parts]).mean(0).float()
        for name in parts[0]
    }
