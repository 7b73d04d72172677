"""Runs of seconds on made photos."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from captioner.training import trainer
from captioner.training.checkpoints import load_checkpoint


@pytest.fixture
def final_weights() -> Callable[[Path], dict[str, torch.Tensor]]:
    """Return a run's last weights."""
    return lambda run: load_checkpoint(run / "checkpoints")[1]


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Run an experiment that stops as if killed before its update number `update`, counted from 0."""

    def run(config: object, update: int, resume: bool = False) -> None:
        original, count = trainer.Trainer._update, iter(range(10_000))

        def stops(self: trainer.Trainer, *arguments: object) -> tuple[float, int]:
            if next(count) == update:
                raise KeyboardInterrupt
            return original(self, *arguments)

        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(trainer.Trainer, "_update", stops)
            trainer.train(config, resume)

    return run
