"""Draws a confusion matrix: a row for each true label, a column for each predicted label."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from captioner.outputs.disk import whole_file

INCHES_PER_LABEL = 0.42
FEWEST_INCHES = 3.2
NUMBERS_UP_TO = 30  # labels; if there are more, numbers do not fit into their squares


def draw_confusions(path: Path, labels: Sequence[str], counts: NDArray[np.int64]) -> None:
    """Draw a confusion matrix and save it in the format of its suffix, such as .png or .pdf.

    Args:
        path: The picture.
        labels: Names of the rows (true labels) and of the columns (predicted labels).
        counts: Number of items, `[labels, labels]`. A square is as dark as its fraction of its
            row's sum.

    Raises:
        UsageError: The file cannot be opened.
        OutputError: It cannot be saved.
    """
    from matplotlib.figure import Figure

    side = max(FEWEST_INCHES, INCHES_PER_LABEL * len(labels)) + 1.6  # for the names
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    fractions = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    axes.imshow(fractions, cmap="Blues", vmin=0, vmax=1)
    if len(labels) <= NUMBERS_UP_TO:
        for row, column in zip(*np.nonzero(counts), strict=True):
            color = "white" if fractions[row, column] > 0.5 else "black"
            axes.text(
                column,
                row,
                str(counts[row, column]),
                ha="center",
                va="center",
                color=color,
                fontsize=9,
            )
    places = range(len(labels))
    axes.set_xticks(places, labels, rotation=45, ha="right", rotation_mode="anchor", fontsize=9)
    axes.set_yticks(places, labels, fontsize=9)
    axes.set(xlabel="said", ylabel="right")
    axes.spines[:].set_visible(False)
    with whole_file(path) as part:
        figure.savefig(part, dpi=150, format=path.suffix.removeprefix(".") or None)
