"""Estimates how likely a caption is right, by logistic regression on the model's probabilities.

The weights are in a model's config as `confidence`. `benchmarks/confidence.py` fits them and plots
how well the estimates are calibrated.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

# The weight of the prior in the log-posterior that is maximised. It pulls the weights weakly
# towards zero, which keeps them finite.
PRIOR = 1e-3
STEPS = 50
# Lower log-probabilities count as this one, since a required word may have an arbitrarily low one.
LOWEST = -20.0


def evidence(log_prob: float, word_log_probs: Sequence[float], surest: float) -> dict[str, float]:
    """Return the inputs of the regression for one caption, by the names of their weights.

    Args:
        log_prob: Log-probability of the words and the end, nats.
        word_log_probs: Log-probability of each word.
        surest: The highest probability of a detected word; 0 from a model that detects none.
    """
    return {
        "bias": 1.0,
        "mean_log_prob": log_prob / (len(word_log_probs) + 1),
        "lowest_log_prob": max(LOWEST, min(word_log_probs, default=0.0)),
        "tens_of_words": len(word_log_probs) / 10,
        "surest_concept": surest,
    }


def confidence(told: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """Return the probability that a caption is right, 0 to 1."""
    log_odds = sum(weights.get(name, 0.0) * value for name, value in told.items())
    return (1 + math.tanh(log_odds / 2)) / 2  # the logistic function, without overflow


def fit(told: Sequence[Mapping[str, float]], is_right: Sequence[bool]) -> dict[str, float]:
    """Find the likeliest weights by Newton's method.

    Args:
        told: The evidence of each caption.
        is_right: Whether each caption is right.
    """
    names = list(told[0])
    inputs: NDArray[np.float64] = np.array([[one[name] for name in names] for one in told])
    targets = np.array(is_right, float)
    weights = np.zeros(len(names))
    for _ in range(STEPS):
        right = 1 / (1 + np.exp(-inputs @ weights))
        slope = inputs.T @ (targets - right) - PRIOR * weights
        curvature = (inputs.T * (right * (1 - right))) @ inputs + PRIOR * np.eye(len(names))
        weights += np.linalg.solve(curvature, slope)
    return {name: round(float(weight), 4) for name, weight in zip(names, weights, strict=True)}
