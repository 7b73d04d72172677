"""Saves and loads what a killed run needs to resume: weights, optimizer moments and progress."""

import json
import math
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from captioner.config import EXPERIMENTS, Config, PhotoSetConfig, chosen_by_kind, without_folder
from captioner.errors import CheckpointError

KEPT = 2  # the newest, and the one before it in case the newest is damaged

# Settings that may differ when a run is resumed. They change names, places, waiting times or how
# validation decodes, but never a weight.
FREE_SETTINGS: dict[str, Any] = {
    "search": True,
    "data": {
        **dict.fromkeys(
            ("name", "license", "source_language", "target_language", "language"), True
        ),
        **{field: True for experiment in EXPERIMENTS.values() for field in experiment().data.PATHS},
        "sets": {"__all__": set(PhotoSetConfig.PATHS)},
    },
    "training": {"output", "num_workers", "checkpoint_every_s", "patience"},
}


@dataclass
class Progress:
    """The progress of a run.

    Attributes:
        epoch: Number of finished epochs.
        update: Number of finished updates of the current epoch.
        loss_sum: Loss of these updates, summed over words, nats.
        num_tokens: Number of these words.
        history: One entry per epoch: loss, learning rate, scores.
        best_epoch: The epoch with the best validation score, counted from 1; 0 before the first.
        best_score: That score, times 100.
        best_loss: Its validation loss where that score is 0, nats per word.
        scaler: State of the loss scaler, where fp16 needs one.
        config: The experiment's settings; a run is not resumed with other ones.
    """

    epoch: int = 0
    update: int = 0
    loss_sum: float = 0.0
    num_tokens: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    best_epoch: int = 0
    best_score: float = -1.0
    best_loss: float = math.inf
    scaler: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)


def fixed_settings(config: Config) -> dict[str, Any]:
    """Return the settings that a resumed run must keep, as JSON values."""
    return config.model_dump(mode="json", exclude=FREE_SETTINGS)


def differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Name the settings in which two runs differ.

    A setting that the older run did not have counts as its default.
    """
    defaults = chosen_by_kind(EXPERIMENTS, old.get("encoder"), "checkpoint")()
    was = defaults.model_dump(mode="json")
    for section, values in old.items():
        was[section] = was.get(section, {}) | getattr(
            defaults, section, defaults
        ).with_current_names(values)
    return [
        f"{section}.{key} was {was.get(section, {}).get(key)!r}, is {value!r}"
        for section, values in new.items()
        for key, value in values.items()
        if _moved(key, was.get(section, {}).get(key)) != _moved(key, value)
    ]


def _moved(key: str, value: Any) -> Any:
    """Return a setting; an initial model without its folder, which may have moved."""
    return without_folder(value) if key == "initial_model" and isinstance(value, str) else value


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Turn errors of writing in the block into a `CheckpointError`.

    Raises:
        CheckpointError: The folder cannot be written, or its disk is full.
    """
    try:
        yield
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            f"{folder}: cannot be written ({error}); earlier checkpoints are safe"
        ) from error


def save_checkpoint(
    folder: Path, progress: Progress, weights: dict[str, Tensor], moments: dict[str, Tensor]
) -> None:
    """Write a checkpoint beside the others, and remove all but the newest ones.

    Raises:
        CheckpointError: The folder cannot be written, or its disk is full; earlier checkpoints
            stay.
    """
    name = f"{progress.epoch:04d}-{progress.update:06d}"
    part = folder / f"{name}.part"
    with writing(folder):
        try:
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            save_file(weights, part / "model.safetensors")
            save_file(moments, part / "optimizer.safetensors")
            (part / "progress.json").write_text(json.dumps(asdict(progress)), encoding="utf-8")
            shutil.rmtree(folder / name, ignore_errors=True)
            part.replace(folder / name)
        finally:
            shutil.rmtree(part, ignore_errors=True)  # only there where something failed
    for old in list_checkpoints(folder)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def list_checkpoints(folder: Path) -> list[Path]:
    """Return the finished checkpoints, oldest first."""
    return sorted(path for path in folder.glob("*-*") if path.suffix != ".part")


def load_checkpoint(folder: Path) -> tuple[Progress, dict[str, Tensor], dict[str, Tensor]]:
    """Read the newest checkpoint that is whole.

    Returns:
        Progress, weights and moments.

    Raises:
        CheckpointError: There is none.
    """
    problems = []
    for path in reversed(list_checkpoints(folder)):
        try:
            progress = Progress(**json.loads((path / "progress.json").read_text(encoding="utf-8")))
            return (
                progress,
                load_file(path / "model.safetensors"),
                load_file(path / "optimizer.safetensors"),
            )
        except (OSError, ValueError, TypeError, SafetensorError) as error:
            problems.append(f"{path}: {error}")
    raise CheckpointError(
        "\n".join([f"{folder}: there is no checkpoint to resume from", *problems])
    )


def moments_of(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Return the optimizer's tensors under flat names, `NUMBER.NAME`."""
    state = optimizer.state_dict()["state"]
    return {
        # Safetensors takes contiguous tensors only.
        f"{number}.{name}": tensor.clone(memory_format=torch.contiguous_format)
        for number, slot in state.items()
        for name, tensor in slot.items()
    }


def restore_moments(optimizer: torch.optim.Optimizer, moments: dict[str, Tensor]) -> None:
    """Put back what `moments_of` returned, each tensor in its parameter's memory format."""
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in moments.items():
        number, name = key.split(".", 1)
        parameter = parameters[int(number)]
        is_scalar = tensor.shape != parameter.shape  # the number of steps
        state.setdefault(int(number), {})[name] = (
            tensor if is_scalar else torch.empty_like(parameter).copy_(tensor)
        )
    optimizer.load_state_dict(
        {"state": state, "param_groups": optimizer.state_dict()["param_groups"]}
    )
