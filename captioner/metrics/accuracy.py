"""Measures labels: accuracy in all and by class, its interval, and confusions."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from captioner.errors import ScoreError
from captioner.metrics.report import Report
from captioner.metrics.significance import Interval

ACCURACY, MEAN_CLASS_ACCURACY = "accuracy", "mean class accuracy"
Z_95 = 1.959964  # the normal distribution's 97.5 % quantile


class AccuracyScorer:
    """Scores labels; they are compared as they are written.

    Args:
        references: The right label of each item, by its id.

    Raises:
        ScoreError: There is no item.
    """

    def __init__(self, references: Mapping[Any, str]) -> None:
        if not references:
            raise ScoreError("there must be one clip with a label at least")
        self.references = dict(references)
        self.signature = f"classes:{len(set(references.values()))}|case:mixed"

    def score(self, hypotheses: Mapping[Any, str]) -> Report:
        """Score one label an item: the fraction that is right, and its mean over the classes.

        Raises:
            ScoreError: The ids are not those of the references.
        """
        if hypotheses.keys() != self.references.keys():
            raise ScoreError(f"{len(hypotheses):,} labels for {len(self.references):,} clips")
        truth = np.array(list(self.references.values()))
        right = np.array(
            [hypotheses[one] == label for one, label in self.references.items()], np.float64
        )
        by_class = [right[truth == label].mean() for label in np.unique(truth)]
        scores = {
            ACCURACY: 100 * float(right.mean()),
            MEAN_CLASS_ACCURACY: 100 * float(np.mean(by_class)),
        }
        ids = tuple(self.references)
        return Report(
            scores, self.signature, len(ids), ids, per_image={ACCURACY: 100 * right}, statistics={}
        )


def top_k_accuracy(ranked: Sequence[Sequence[str]], references: Sequence[str], k: int) -> float:
    """Return how often the right label is among the first k, times 100.

    Args:
        ranked: The labels of each item, best first.
        references: The right label of each.
        k: How many of them count.
    """
    return 100 * float(
        np.mean([label in several[:k] for several, label in zip(ranked, references, strict=True)])
    )


def accuracy_interval(accuracy: float, num_items: int) -> Interval:
    """Return the 95 % interval of an accuracy, both times 100.

    It is also useful if all or none are right.

    It takes items for independent. Clips that are cut from one video are not, so the true interval
    is wider.

    Source:
        Wilson 1927, "Probable Inference, the Law of Succession, and Statistical Inference".
    """
    fraction, spread = accuracy / 100, Z_95**2 / num_items
    centre = fraction + spread / 2
    margin = math.sqrt(fraction * (1 - fraction) * spread + spread**2 / 4)
    return Interval(*(100 * (centre + sign * margin) / (1 + spread) for sign in (-1, 1)))


def confusions(
    references: Sequence[str], hypotheses: Sequence[str]
) -> tuple[list[str], NDArray[np.int64]]:
    """Count what is taken for what.

    Returns:
        The labels in their alphabetical order, and how often each (row) was taken for each
        (column).
    """
    labels = sorted({*references, *hypotheses})
    place = {label: number for number, label in enumerate(labels)}
    counts = np.zeros((len(labels), len(labels)), np.int64)
    for truth, label in zip(references, hypotheses, strict=True):
        counts[place[truth], place[label]] += 1
    return labels, counts
