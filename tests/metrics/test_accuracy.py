"""Accuracy of labels by hand, and intervals by published numbers."""

import numpy as np
import pytest

from captioner.errors import ScoreError
from captioner.metrics.accuracy import AccuracyScorer, accuracy_interval, confusions, top_k_accuracy


def test_accuracy_counts_clips_and_its_mean_counts_classes():
    scorer = AccuracyScorer({1: "run", 2: "run", 3: "run", 4: "swim"})
    report = scorer.score({1: "run", 2: "run", 3: "swim", 4: "run"})
    assert report.scores == pytest.approx({"accuracy": 50, "mean class accuracy": 100 / 3})
    assert report.per_image["accuracy"].tolist() == [100, 100, 0, 0]
    assert report.signature.startswith("classes:2|")
    with pytest.raises(ScoreError, match="3 labels for 4 clips"):
        scorer.score({1: "run", 2: "run", 3: "run"})
    with pytest.raises(ScoreError):
        AccuracyScorer({})


def test_the_right_label_may_be_among_the_first():
    ranked, truth = [["a", "b", "c"], ["b", "a", "c"], ["c", "b", "a"]], ["a", "a", "a"]
    assert [top_k_accuracy(ranked, truth, k) for k in (1, 2, 3)] == pytest.approx(
        [100 / 3, 200 / 3, 100]
    )


@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
    [(81, 263, 25.53, 36.62), (15, 148, 6.24, 16.05), (0, 20, 0.0, 16.11), (1, 29, 0.61, 17.18)],
)
def test_intervals_are_the_published_ones(right, total, low, high):
    interval = accuracy_interval(100 * right / total, total)
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=0.01)


def test_confusions_are_counted_by_row():
    labels, counts = confusions(["b", "b", "a", "b"], ["b", "c", "a", "c"])
    assert labels == ["a", "b", "c"]
    np.testing.assert_array_equal(counts, [[1, 0, 0], [0, 1, 2], [0, 0, 0]])
