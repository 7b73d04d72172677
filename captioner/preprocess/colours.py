"""Converts pictures of any pixel format to 8-bit RGB, and arrays to pictures."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from captioner.errors import InputError


def to_rgb(image: Image.Image) -> Image.Image:
    """Return a picture in RGB; transparent pixels become white."""
    if image.mode == "F" or image.mode.startswith("I"):
        image = _to_eight_bits(image)
    if image.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB") or image
    if image.mode == "La":
        image = image.convert("LA")
    if image.has_transparency_data:
        white = Image.new("RGBA", image.size, "white")
        white.alpha_composite(image.convert("RGBA"))
        return white.convert("RGB")
    return image.convert("RGB")


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """Scale grey values of 16 bits, 32 bits or floats to 0..255.

    Sixteen bits have a known range. For the others, white is the smallest of 1 (floats), 255 and
    65535 that no value exceeds. If there is none, values are stretched from their least to their
    greatest.
    """
    values = np.asarray(image).astype(np.float32)
    values[~np.isfinite(values)] = 0
    low, high = 0.0, 65535.0
    if not image.mode.startswith("I;16"):
        least, greatest = float(values.min()), float(values.max())
        whites = [
            white
            for white in ((1, 255, 65535) if image.mode == "F" else (255, 65535))
            if white >= greatest
        ]
        low, high = (0.0, whites[0]) if whites and least >= 0 else (least, greatest)
    values = (values - low) * (255 / max(high - low, 1e-12))
    if isinstance(transparent := image.info.get("transparency"), int):
        values[np.asarray(image) == transparent] = 255
    return Image.fromarray(values.round().clip(0, 255).astype(np.uint8))


def from_array(array: NDArray[Any]) -> Image.Image:
    """Return an array as a picture.

    Raises:
        InputError: Its shape, its type or its values are not those of a picture.
    """
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))):
        shape = " x ".join(map(str, array.shape))
        raise InputError(
            "<array>", f"shape {shape}: give height x width, or height x width x 1, 3 or 4"
        )
    if array.size == 0:
        raise InputError("<array>", "it has no pixels")
    if np.issubdtype(array.dtype, np.floating):
        if not (array.min() >= 0 and array.max() <= 1):  # false for NaN too
            raise InputError(
                "<array>", f"floats from {array.min():g} to {array.max():g}: scale them to 0..1"
            )
        array = (array.astype(np.float32) * 255).round().astype(np.uint8)
    if array.dtype != np.uint8:
        raise InputError("<array>", f"type {array.dtype}: give uint8, or floats from 0 to 1")
    return Image.fromarray(np.ascontiguousarray(array))
