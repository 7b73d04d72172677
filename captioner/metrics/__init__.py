"""The metrics, one per file, and `score`, which all measuring code calls."""

from captioner.metrics.report import Report, Scorer, score

__all__ = ["Report", "Scorer", "score"]
