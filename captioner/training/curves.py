"""Draws how a run went: TensorBoard's event files, and one picture, `curves.png`."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from captioner.errors import MissingExtraError

COLORS = ("#c0392b", "#2471a3", "#1e8449")


def check_tensorboard() -> None:
    """Check before training that events can be written.

    Raises:
        MissingExtraError: TensorBoard is not installed.
    """
    if importlib.util.find_spec("tensorboard") is None:
        raise MissingExtraError("tensorboard", "train")


def write_events(folder: Path, entry: dict[str, Any]) -> None:
    """Add one epoch's numbers to TensorBoard's event files."""
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(folder)) as writer:
        for name, value in entry.items():
            if isinstance(value, int | float) and name != "epoch":
                writer.add_scalar(name, value, entry["epoch"])


def draw_curves(path: Path, history: Sequence[dict[str, Any]], metrics: Sequence[str]) -> None:
    """Draw training on the left, and some scores of validation on the right, over the epochs.

    On the left is the loss; where the model learns from rewards, the mean reward, since the loss
    then says nothing.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    epochs = [entry["epoch"] for entry in history]
    with mpl.rc_context({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(9, 3.2), layout="constrained")
        left, right = figure.subplots(1, 2)
        told = "reward" if all("reward" in entry for entry in history) else "loss"
        left.plot(
            epochs, [entry[told] for entry in history], color="#444444", marker="o", markersize=3
        )
        if told == "reward":
            left.set(title="Mean reward of samples in training", xlabel="epoch", ylabel="reward")
        else:
            left.set(title="Training loss", xlabel="epoch", ylabel="nats a word")
        for name, color in zip(metrics, COLORS, strict=False):
            values = [entry[name] for entry in history]
            right.plot(epochs, values, color=color, marker="o", markersize=3)
            right.annotate(
                f"{name} {values[-1]:.1f}",
                (epochs[-1], values[-1]),
                (6, 0),
                textcoords="offset points",
                color=color,
            )
        right.set(title="Validation, decoded by beam search", xlabel="epoch", ylabel="score × 100")
        right.margins(x=0.2)
        for axes in (left, right):
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        figure.savefig(path, dpi=150)
