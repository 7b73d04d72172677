"""Confidence: the fit finds the weights by which labels were drawn, and its numbers are shares."""

import numpy as np
import pytest

from captioner.pipeline.confidence import LOWEST, confidence, evidence, fit


def test_evidence_can_be_computed_by_hand():
    told = evidence(-6.0, (-1.0, -4.0), 0.25)
    assert told == {
        "bias": 1.0,
        "mean_log_prob": -2.0,
        "lowest_log_prob": -4.0,
        "tens_of_words": 0.2,
        "surest_concept": 0.25,
    }
    assert evidence(-1e4, (-1e4,), 0)["lowest_log_prob"] == LOWEST
    assert evidence(-1.0, (), 0)["mean_log_prob"] == -1.0


def test_confidence_is_the_logistic_function():
    assert confidence(
        {"bias": 1.0, "mean_log_prob": -2.0}, {"bias": 1.0, "mean_log_prob": 0.5}
    ) == pytest.approx(0.5)
    assert confidence(evidence(-1e9, (-1e9,), 0), {"mean_log_prob": 3.0}) == pytest.approx(0.0)


def test_the_fit_finds_what_the_labels_were_drawn_by_and_is_calibrated():
    random = np.random.default_rng(0)
    inputs = [{"bias": 1.0, "a": one, "b": other} for one, other in random.normal(size=(4000, 2))]
    true = {"bias": -0.5, "a": 1.5, "b": 0.0}
    chances = np.array([confidence(one, true) for one in inputs])
    is_right = random.random(4000) < chances
    found = fit(inputs, is_right.tolist())
    assert found == pytest.approx(true, abs=0.15)
    assert np.mean([confidence(one, found) for one in inputs]) == pytest.approx(
        is_right.mean(), abs=1e-3
    )
