"""Decides which part of a photo the encoder sees, and resizes it to the encoder's size."""

import math
from typing import TYPE_CHECKING, Literal

from PIL import Image

if TYPE_CHECKING:
    from torch import Generator


def fit(
    image: Image.Image,
    width: int,
    height: int,
    how: Literal["squash", "crop", "pad"],
    mean: tuple[float, float, float],
) -> Image.Image:
    """Resize a photo by bicubic interpolation with antialiasing, which is built into Pillow's.

    Args:
        image: An RGB photo.
        width: Width of the result, pixels.
        height: Height of the result, pixels.
        how: A value of `ImageConfig.resize`.
        mean: Colour of the padding that `pad` adds, each channel from 0 to 1.
    """
    bicubic = Image.Resampling.BICUBIC
    if how == "squash":
        return image.resize((width, height), bicubic)
    if how == "crop":
        scale = min(image.width / width, image.height / height)
        left, top = (image.width - scale * width) / 2, (image.height - scale * height) / 2
        return image.resize(
            (width, height), bicubic, box=(left, top, image.width - left, image.height - top)
        )
    scale = min(width / image.width, height / image.height)
    inner = image.resize(
        (max(1, round(image.width * scale)), max(1, round(image.height * scale))), bicubic
    )
    red, green, blue = (round(255 * channel) for channel in mean)
    canvas = Image.new("RGB", (width, height), (red, green, blue))
    canvas.paste(inner, ((width - inner.width) // 2, (height - inner.height) // 2))
    return canvas


def random_box(size: tuple[int, int], generator: "Generator") -> tuple[int, int, int, int]:
    """Draw a random crop of 0.6 to 1 of a photo's area, with an aspect ratio at most a third off.

    Unlike in torchvision, the ratio is relative to the photo's own, so squashing distorts a crop
    about as much as the whole photo.

    Args:
        size: The photo's width and height, pixels.
        generator: Source of random numbers; four numbers are drawn.

    Returns:
        Left, top, right and bottom, pixels.

    Source:
        torchvision's RandomResizedCrop, after Szegedy et al. 2014, arXiv:1409.4842, section 6.
    """
    import torch

    width, height = size
    share, ratio, across, down = torch.rand(4, generator=generator).tolist()
    area = 0.6 + 0.4 * share
    aspect = math.exp((2 * ratio - 1) * math.log(4 / 3))
    # A crop that would be wider or taller than the photo is limited to the photo.
    crop_width = max(1, round(width * min(1.0, math.sqrt(area * aspect))))
    crop_height = max(1, round(height * min(1.0, math.sqrt(area / aspect))))
    left, top = round(across * (width - crop_width)), round(down * (height - crop_height))
    return left, top, left + crop_width, top + crop_height
