"""File to Memory: one encoder a sense; none knows another."""

from captioner.encoders.image import ImageEncoder

__all__ = ["ImageEncoder"]
