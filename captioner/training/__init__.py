"""Trains models: `train` runs an experiment to its end, and resumes one that was killed."""

from captioner.training.trainer import train

__all__ = ["train"]
