"""Reads a photo, however it is stored, as the array that the image encoder takes."""

import io
import logging
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8
from numpy.typing import NDArray
from PIL import ExifTags, Image

from captioner.config import ImageConfig
from captioner.errors import (
    ConfigError,
    CorruptFileError,
    FileTooLargeError,
    MissingExtraError,
    UnsupportedFileError,
)
from captioner.preprocess.colours import from_array, to_rgb
from captioner.preprocess.fitting import fit, random_box
from captioner.preprocess.kinds import SIGNATURES, VIDEO_SIGNATURES, is_text, kind_of
from captioner.preprocess.opening import FileSource, decoding, head_of, open_source

ImageSource = FileSource | Image.Image | NDArray[Any]

Pixels = Float32[np.ndarray, "3 height width"]
"""A photo as the encoder takes it."""

TOO_LARGE = (MemoryError, Image.DecompressionBombError)
"""What Pillow raises for lack of memory."""

# The transposition that undoes each EXIF orientation but 1, which is upright (Exif 2.32, section
# 4.6.4, tag 274).
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# Pillow warns of damaged metadata, most of which captioner does not read, and logs errors that it
# also raises. A program that sets up logging still gets the log.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
logging.getLogger("PIL").addHandler(logging.NullHandler())


def read_image(source: Any, max_pixels: int = 200_000_000, at_least: int = 0) -> Image.Image:
    """Read a photo of any supported kind as an upright RGB image.

    Transparent parts become white, and 16 and 32 bits a channel become 8. Of an animation or a file
    of many pages, the first image is read.

    Args:
        source: A file's path, its bytes, an open file, a Pillow image, or an array `[height,
            width]` or `[height, width, 1|3|4]` of uint8, or of floats from 0 to 1.
        max_pixels: Photos with more pixels by their header are refused before they are decoded.
        at_least: If positive, a JPEG may be decoded at a half, a quarter or an eighth of its size,
            which is faster, as long as no side gets shorter than `at_least` pixels.

    Raises:
        FileMissingError: Nothing is there, or it may not be read.
        UnsupportedFileError: It is no photo, or of a kind that is not read.
        CorruptFileError: The photo is broken.
        FileTooLargeError: It has more than `max_pixels`.
        InputError: The array's shape, type or range is not one of the above.
    """
    if isinstance(source, np.ndarray):
        return _finished(from_array(source), "<array>", max_pixels)
    if isinstance(source, Image.Image):
        return _finished(source, getattr(source, "filename", "") or "<image>", max_pixels)
    with open_source(
        source, "photo", "a path, bytes, an open file, a Pillow image or a numpy array"
    ) as (stream, name):
        return _decoded(stream, name, max_pixels, at_least)


def _decoded(
    stream: io.BytesIO | io.BufferedReader, name: str | Path, max_pixels: int, at_least: int
) -> Image.Image:
    kind = _kind(head_of(stream, name), name)
    with decoding(name, f"a broken {kind}", TOO_LARGE):
        # Image.open is not used, since its own limit of pixels is lower than ours and holds for the
        # whole process.
        image: Image.Image = Image.OPEN[kind][0](stream, "")
        _check_size(image, name, max_pixels)
        if at_least:
            image.draft(None, (at_least, at_least))
        return _finished(image, name, max_pixels)


def _kind(head: bytes, name: str | Path) -> str:
    """Return the kind of file by its first bytes, as Pillow names it."""
    kind = kind_of(head, SIGNATURES)
    if kind is None:
        if (
            re.match(rb"(?:\xef\xbb\xbf)?\s*<(?!!doctype html|html)", head, re.IGNORECASE)
            and b"<svg" in head.lower()
        ):
            raise UnsupportedFileError(
                name, "an SVG drawing, which has no pixels; export it as PNG"
            )
        if kind_of(head, VIDEO_SIGNATURES) is not None:
            raise UnsupportedFileError(
                name,
                "a video or sound, not a photo: `captioner recognize` names actions, and a model of"
                " video captions describes clips",
            )
        holds = "it holds text" if is_text(head) else "its content is none of a photo's"
        raise UnsupportedFileError(
            name, f"not a photo that can be read ({holds}); use JPEG, PNG, WebP or TIFF"
        )
    Image.init()
    if kind == "HEIF":
        _register_heif(name)
    if kind not in Image.OPEN:
        raise UnsupportedFileError(
            name, f"this Pillow cannot read {kind}: pip install --upgrade pillow"
        )
    return kind


def _register_heif(name: str | Path) -> None:
    try:
        import pillow_heif
    except ImportError as error:
        reason = f"a HEIC photo; {MissingExtraError('pillow-heif', 'heic')}"
        raise UnsupportedFileError(name, reason) from error
    pillow_heif.register_heif_opener()


def _check_size(image: Image.Image, name: str | Path, max_pixels: int) -> None:
    width, height = image.size
    if width * height > max_pixels:
        raise FileTooLargeError(
            name, f"{width} x {height} pixels, more than image.max_pixels = {max_pixels} allows"
        )
    if not width * height:
        raise CorruptFileError(name, f"{width} x {height} pixels: there is nothing to see")


def _finished(image: Image.Image, name: str | Path, max_pixels: int) -> Image.Image:
    _check_size(image, name, max_pixels)
    with decoding(name, f"a broken {image.format or 'photo'}", TOO_LARGE):
        image.load()
        rgb = to_rgb(image)
        # The orientation is read after loading, since a PNG may have its EXIF after the pixels, and
        # since Pillow itself turns TIFF photos when it loads them.
        method = UPRIGHT.get(_orientation(image))
        return rgb if method is None else rgb.transpose(method)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    # A photo with broken metadata is still read, and its parsers raise nearly any exception.
    except Exception:
        return 1


class ImagePreprocessor:
    """Turns photos into normalised arrays of one size.

    Args:
        config: The size, the way of resizing, the mean and the standard deviation, such as a
            model's `image_config`.

    Attributes:
        scale: The factor that normalises 8-bit pixels, one number a channel.
        shift: The number that is then subtracted, one a channel.

    Raises:
        ConfigError: The mean or the standard deviation is not given but left to a backbone.
    """

    def __init__(self, config: ImageConfig) -> None:
        if config.mean is None or config.std is None:
            raise ConfigError(
                "image.mean and image.std are not given: take a model's image_config, where they"
                " are"
            )
        self.config = config
        self._mean = config.mean
        mean, std = np.array([config.mean, config.std], np.float32)[..., None, None]
        self.scale = 1 / (255 * std)
        self.shift = mean / std

    def fingerprint(self) -> str:
        """Return all settings on which the pixels of a photo depend."""
        return self.config.model_dump_json(exclude={"max_pixels"})

    def read(self, source: Any) -> Image.Image:
        """Read a photo by `read_image`, and reduce a large one to about twice the encoder's size.

        A large photo then takes little memory, whatever its file format, and is fitted quickly.
        """
        at_least = 2 * max(self.config.height, self.config.width)
        image = read_image(source, self.config.max_pixels, at_least)
        factor = min(image.size) // at_least
        return image.reduce(factor) if factor > 1 else image

    def __call__(self, image: Image.Image) -> Pixels:
        """Fit and normalise a whole photo."""
        return self._normalised(self.fit(image))

    def view(
        self, image: Image.Image, mirrored: bool = False, crop_seed: int | None = None
    ) -> Pixels:
        """Fit and normalise one view of a photo; the same arguments give the same view.

        Args:
            image: An RGB photo.
            mirrored: Whether left and right are swapped.
            crop_seed: Seed of the crop, for instance from the file's name and the crop's number;
                None for the whole photo.
        """
        if crop_seed is not None:
            import torch

            image = image.crop(random_box(image.size, torch.Generator().manual_seed(crop_seed)))
        pixels = self.fit(image)
        return self._normalised(pixels[..., ::-1] if mirrored else pixels)

    def views(
        self, source: Any, views: Sequence[tuple[bool, int | None]]
    ) -> Float32[np.ndarray, "views 3 height width"]:
        """Read a photo once, and make several views of it.

        Args:
            source: The photo.
            views: For each view, whether it is mirrored, and the seed of its crop; None for the
                whole photo.

        Raises:
            InputError: It cannot be read.
        """
        image = self.read(source)
        return np.stack([self.view(image, mirrored, seed) for mirrored, seed in views])

    def augment(
        self, image: Image.Image, seed: int, flips: bool = True
    ) -> UInt8[np.ndarray, "3 height width"]:
        """Crop, mirror and recolour a photo at random and fit it; do not normalise it.

        `seed` determines all random numbers, so threads need not share a generator, and a resumed
        run gets the same photos.

        Args:
            image: An RGB photo.
            seed: Seed of the random numbers.
            flips: Whether half of the photos are mirrored.
        """
        import torch
        from torchvision.transforms import v2  # late, since it takes as long to import as torch

        generator = torch.Generator().manual_seed(seed)
        fitted = self.fit(image.crop(random_box(image.size, generator)))
        pixels = torch.from_numpy(fitted)
        mirror, brightness, contrast, saturation = torch.rand(4, generator=generator).tolist()
        if flips and mirror < 0.5:
            pixels = pixels.flip(-1)
        pixels = v2.functional.adjust_brightness(pixels, 0.8 + 0.4 * brightness)
        pixels = v2.functional.adjust_contrast(pixels, 0.8 + 0.4 * contrast)
        pixels = v2.functional.adjust_saturation(pixels, 0.8 + 0.4 * saturation)
        augmented: UInt8[np.ndarray, "3 height width"] = pixels.numpy()
        return augmented

    def fit(self, image: Image.Image) -> UInt8[np.ndarray, "3 height width"]:
        """Fit a whole photo; do not normalise it."""
        fitted = fit(image, self.config.width, self.config.height, self.config.resize, self._mean)
        return np.ascontiguousarray(np.asarray(fitted).transpose(2, 0, 1))

    def _normalised(self, pixels: UInt8[np.ndarray, "3 height width"]) -> Pixels:
        scaled: Pixels = pixels * self.scale
        scaled -= self.shift
        return scaled
