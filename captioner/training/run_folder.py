"""Writes what users see of a run: the best model with its card, the curves, and the history."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from captioner.metrics import Report
from captioner.model.captioner_model import CaptionerModel
from captioner.terminal import print_told
from captioner.training.curves import draw_curves, write_events
from captioner.training.model_card import write_model_card, write_training_config
from captioner.training.sample_table import write_samples
from captioner.training.task import Task
from captioner.training.validation import LOSS


class RunFolder:
    """Writes into a run's folder.

    Args:
        path: The folder.
        task: The task, with all settings of the run.
    """

    def __init__(self, path: Path, task: Task) -> None:
        self.path = path
        self._task = task
        self._metrics = (task.selection_metric, task.second_metric)

    def write_best(
        self, model: CaptionerModel, report: Report, history: Sequence[dict[str, Any]]
    ) -> None:
        """Write the model as users load it; it replaces the previous one in one step.

        Args:
            model: The best model so far.
            report: Its scores.
            history: One entry per epoch.
        """
        best, part = self.path / "best", self.path / "best.part"
        weights = {
            name: tensor.half() if tensor.is_floating_point() else tensor
            for name, tensor in model.own_state_dict().items()
        }
        shutil.rmtree(part, ignore_errors=True)
        model.save_pretrained(part, state_dict=weights)
        config, card = self._task.config, self._task.card()
        write_model_card(part, config, card, report, history, self._metrics)
        write_training_config(part, config)
        shutil.rmtree(best, ignore_errors=True)
        part.replace(best)

    def write_history(self, history: Sequence[dict[str, Any]], texts: Mapping[int, str]) -> None:
        """Write all epochs as JSON lines and curves, add the last to the events, and print it.

        Args:
            history: One entry per epoch.
            texts: What the model writes of the validation examples, by their numbers.
        """
        entry = history[-1]
        write_events(self.path / "tensorboard", entry)
        draw_curves(self.path / "curves.png", history, self._metrics)
        lines = [json.dumps(one) + "\n" for one in history]
        (self.path / "history.jsonl").write_text("".join(lines), encoding="utf-8")
        names, targets = self._task.val_names, self._task.val_targets
        write_samples(self.path / "samples.md", entry["epoch"], names, targets, texts)
        epochs, scores = self._task.config.training.epochs, self.describe(entry)
        print_told(f"epoch {entry['epoch']}/{epochs}: loss {entry['loss']:.4f}, {scores}")

    def describe(self, scores: Mapping[str, float]) -> str:
        """Return the scores that matter as a line of text."""
        names = [name for name in (*self._metrics, LOSS) if name in scores]
        return ", ".join(f"{name} {scores[name]:.2f}" for name in names)
