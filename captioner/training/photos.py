"""Loads the photos of an update: from a cache of frozen features, or from the files."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor

from captioner.config import PhotoConfig
from captioner.data.views import View, views_of
from captioner.errors import ConfigError
from captioner.modules.encoders import ImageEncoder
from captioner.preprocess.image import ImagePreprocessor
from captioner.training.cached_features import CachedFeatures

WORDS_ALONE = 0.1
"""If there are texts without photos: the fraction of photo batches in which the decoder reads only
the detected words.
"""


@dataclass(frozen=True)
class PixelBatch:
    """Photos that are not normalised yet: a quarter of the bytes to move to a GPU.

    Attributes:
        pixels: Red, green and blue.
        scale: By what they are multiplied, one number a channel.
        shift: What is then taken away.
    """

    pixels: UInt8[Tensor, "batch 3 height width"]
    scale: Float[Tensor, "3 1 1"]
    shift: Float[Tensor, "3 1 1"]

    def to(self, device: torch.device) -> Float[Tensor, "batch 3 height width"]:
        """Move the photos to a device and normalise them there."""
        return self.pixels.to(device) * self.scale.to(device) - self.shift.to(device)


class AugmentedPhotos:
    """Pixels of photos, decoded and augmented by threads.

    Args:
        photos: The files.
        config: The experiment, with image settings that a model has completed.
        augment: Whether photos are changed at random, which validation does not do.
    """

    num_views = 1

    def __init__(self, photos: Sequence[Path], config: PhotoConfig, augment: bool) -> None:
        self._photos = list(photos)
        self._preprocess = ImagePreprocessor(config.image)
        self._augment = augment
        self._flips = config.training.flips
        self._threads = ThreadPoolExecutor(max(1, config.training.num_workers))

    def load(self, numbers: Sequence[int], views: Sequence[int], seed: int) -> PixelBatch:
        """Return pixels; a photo's changes come from the seed and its number alone."""
        read = self._threads.map(lambda photo: self._read(photo, seed), numbers)
        batch = np.stack(list(read)), self._preprocess.scale, self._preprocess.shift
        return PixelBatch(*map(torch.from_numpy, batch))

    def _read(self, photo: int, seed: int) -> UInt8[np.ndarray, "3 height width"]:
        image = self._preprocess.read(self._photos[photo])
        if not self._augment:
            return self._preprocess.fit(image)
        own_seed = int(np.random.SeedSequence([seed, photo]).generate_state(1)[0])
        return self._preprocess.augment(image, own_seed, self._flips)


def open_photos(
    photos: Sequence[Path],
    encoder: ImageEncoder,
    config: PhotoConfig,
    folder: Path,
    training: bool,
    most_views: int | None = None,
) -> CachedFeatures | AugmentedPhotos:
    """Open photos as cached features or as pixels, whichever the encoder needs.

    Args:
        photos: The files.
        encoder: The encoder; features are cached if its backbone has frozen stages.
        config: The experiment.
        folder: The feature cache's folder.
        training: Whether photos are augmented, or cached in several views.
        most_views: The most views of each photo to cache; None for all.
    """
    if not encoder.is_partly_frozen:
        return AugmentedPhotos(photos, config, augment=training)
    views = (
        views_of(config.training.flips, config.training.crops)[:most_views]
        if training
        else (View(),)
    )
    preprocess = ImagePreprocessor(config.image)
    return CachedFeatures(photos, views, encoder, preprocess, folder, config.training.num_workers)


def affordable_views(
    encoder: ImageEncoder, config: PhotoConfig, num_train: int, num_val: int
) -> int | None:
    """Return how many views of each training photo fit into the cache's limit; None for all.

    Args:
        encoder: Its frozen stages fill the cache.
        config: The experiment, with the limit and the size of photos.
        num_train: Number of training photos.
        num_val: Number of validation photos, which are kept in one view.

    Raises:
        ConfigError: There is no room for one view.
    """
    limit_gb = config.data.cache_limit_gb
    if limit_gb is None or not encoder.is_partly_frozen:
        return None
    pixels = torch.zeros(
        1, 3, config.image.height, config.image.width, device=encoder.project.weight.device
    )
    with torch.inference_mode():
        a_photo_gb = encoder.frozen_features(pixels).numel() / 1e9  # a byte per feature
    views = int((limit_gb - num_val * a_photo_gb) / (num_train * a_photo_gb))
    if views < 1:
        needed = (num_train + num_val) * a_photo_gb
        raise ConfigError(
            f"data.cache_limit_gb: photos in one view take {needed:.2g} GB (given: {limit_gb:g}); "
            "allow more, or make image.height and image.width smaller"
        )
    return views


class PhotosOfExamples:
    """The photo of each example; several examples may share one, as in several languages.

    Attributes:
        num_views: Number of views of each photo.

    Args:
        photos: Each photo once.
        numbers: The number of each example's photo.
    """

    def __init__(self, photos: CachedFeatures | AugmentedPhotos, numbers: Sequence[int]) -> None:
        self.num_views = photos.num_views
        self.numbers = list(numbers)
        self._photos = photos

    def load(self, numbers: Sequence[int], views: Sequence[int], seed: int) -> Tensor | PixelBatch:
        """Return features or pixels by the examples' numbers."""
        return self._photos.load([self.numbers[example] for example in numbers], views, seed)


@dataclass(frozen=True)
class ConceptInputs:
    """A batch whose detected words are given.

    Attributes:
        features: Features of the photos; None for a batch without photos.
        probabilities: The probability of each word that the detector knows.
    """

    features: Float[Tensor, "batch height width channels"] | None
    probabilities: Float[Tensor, "batch words"]

    def to(self, device: torch.device) -> "ConceptInputs":
        """Return the batch on another device."""
        features = None if self.features is None else self.features.to(device)
        return ConceptInputs(features, self.probabilities.to(device))


class ConceptPhotos:
    """Photos with the words detected in them, and texts with words detected in similar photos.

    Args:
        photos: The photos of the training examples; the texts' numbers follow theirs.
        held_out: The probability of each word for each photo, from a detector that was not fitted
            to the photo.
        drawn: For each text, the photos whose detected words it may borrow.
    """

    def __init__(
        self,
        photos: PhotosOfExamples,
        held_out: Float[Tensor, "photos words"],
        drawn: Int[Tensor, "texts draws"],
    ) -> None:
        self.num_views = photos.num_views
        self._photos = photos
        self._held_out = held_out
        self._drawn = drawn

    def load(self, numbers: Sequence[int], views: Sequence[int], seed: int) -> ConceptInputs:
        """Return a batch of photos or of texts; some photo batches hold only detected words."""
        rng = np.random.default_rng(seed)
        texts = torch.tensor(numbers) - len(self._photos.numbers)
        if int(texts[0]) >= 0:
            draws = torch.from_numpy(rng.integers(self._drawn.shape[1], size=len(numbers)))
            return ConceptInputs(None, self._held_out[self._drawn[texts, draws].long()])
        words_alone = bool(len(self._drawn)) and rng.random() < WORDS_ALONE
        features = None if words_alone else self._photos.load(numbers, views, seed)
        assert not isinstance(features, PixelBatch)  # only a frozen backbone has a detector
        return ConceptInputs(features, self._held_out[[self._photos.numbers[n] for n in numbers]])
