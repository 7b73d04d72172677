"""Computes confidence intervals of scores, and tests whether two systems differ.

Both use what a metric counted on each image (`Report.statistics`). A resampled corpus is a weighted
sum of these rows, so nothing is tokenised or counted again. CIDEr's document frequencies stay those
of the whole set.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from captioner.errors import ScoreError
from captioner.metrics.report import METRICS, Report

Floats = NDArray[np.float64]

RESAMPLES = 1000
SEED = 0  # of all resamples, so that a score has one interval
_BLOCK = 20  # resamples drawn at a time: those of 100,000 images take some 50 MB


@dataclass(frozen=True)
class Interval:
    """Where a score lies in 95 of 100 resampled sets of images, times 100."""

    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """Two systems on the same images.

    Attributes:
        difference: Score of the second less score of the first, times 100.
        bootstrap: p-value of the paired bootstrap (two-sided).
        randomisation: p-value of approximate randomisation (two-sided).
    """

    difference: float
    bootstrap: float
    randomisation: float


def confidence_intervals(report: Report) -> dict[str, Interval]:
    """Give each score its 95 % interval by the percentile bootstrap over images, 1,000 resamples.

    Source: Efron 1979, "Bootstrap Methods: Another Look at the Jackknife".
    """
    intervals: dict[str, Interval] = {}
    for family, statistics in report.statistics.items():
        metric = METRICS[family]
        sampled = np.concatenate(
            [metric.scores(counts @ statistics) for counts in _resamples(len(statistics))]
        )
        low, high = np.percentile(100 * sampled, [2.5, 97.5], axis=0)
        intervals |= {
            name: Interval(float(a), float(b))
            for name, a, b in zip(metric.names, low, high, strict=True)
        }
    return intervals


def compare(first: Report, second: Report) -> dict[str, Comparison]:
    """Say for each metric by how much the second system is better, and how likely that is luck.

    Raises:
        ScoreError: The two were not scored on the same images with the same signature.

    Source:
        Koehn 2004, "Statistical Significance Tests for Machine Translation Evaluation" (bootstrap;
        shifted to a mean of zero, so that it tests); Riezler and Maxwell 2005, "On Some Pitfalls in
        Automatic Evaluation and Significance Testing for MT", section 4 (randomisation).
    """
    if first.ids != second.ids or first.signature != second.signature:
        raise ScoreError(
            "reports cannot be compared: score both on the same references, in the same order"
        )
    comparisons: dict[str, Comparison] = {}
    for family, a in first.statistics.items():
        metric, b = METRICS[family], second.statistics[family]
        difference = metric.scores(b.sum(axis=0)) - metric.scores(a.sum(axis=0))
        drawn = [
            metric.scores(counts @ b) - metric.scores(counts @ a) for counts in _resamples(len(a))
        ]
        total, gain = a.sum(axis=0), b - a
        swapped = []
        for coins in _coins(len(a)):
            moved = coins @ gain
            swapped.append(metric.scores(total + moved) - metric.scores(b.sum(axis=0) - moved))
        bootstrap = _p_value(np.concatenate(drawn) - difference, difference)
        randomisation = _p_value(np.concatenate(swapped), difference)
        for column, name in enumerate(metric.names):
            values = (100 * difference[column], bootstrap[column], randomisation[column])
            comparisons[name] = Comparison(*map(float, values))
    return comparisons


def _resamples(num_images: int) -> Iterator[NDArray[np.int64]]:
    """How often each image is drawn, `[block, images]`, for all resamples a block at a time."""
    random = np.random.default_rng(SEED)
    for _ in range(RESAMPLES // _BLOCK):
        rows = (
            random.integers(0, num_images, (_BLOCK, num_images))
            + num_images * np.arange(_BLOCK)[:, None]
        )
        yield np.bincount(rows.ravel(), minlength=_BLOCK * num_images).reshape(_BLOCK, num_images)


def _coins(num_images: int) -> Iterator[NDArray[np.int64]]:
    """Whether each image's two hypotheses change places, `[block, images]`."""
    random = np.random.default_rng(SEED)
    for _ in range(RESAMPLES // _BLOCK):
        yield random.integers(0, 2, (_BLOCK, num_images))


def _p_value(drawn: Floats, difference: Floats) -> Floats:
    """Return the fraction of drawn differences at least as far from zero.

    It is never 0, since the real difference counts as a draw.
    """
    as_large = (np.abs(drawn) >= np.abs(difference) - 1e-12).sum(axis=0)
    p_value: Floats = (as_large + 1) / (len(drawn) + 1)
    return p_value
