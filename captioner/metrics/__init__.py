"""Captions to numbers: one metric a file, and `score`, which everything that measures calls."""

from captioner.metrics.report import Report, Scorer, score

__all__ = ["Report", "Scorer", "score"]
