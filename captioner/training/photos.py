"""Loads the photos of an update: from a cache of frozen features, or from the files."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from captioner.config import PhotoConfig
from captioner.data.views import View, views_of
from captioner.errors import ConfigError
from captioner.modules.encoders import ImageEncoder
from captioner.preprocess.image import ImagePreprocessor, Pixels
from captioner.training.cached_features import CachedFeatures

WORDS_ALONE = 0.1
"""Where texts are learnt: the fraction of batches of photos of which the decoder reads the detected
words alone.
"""


class AugmentedPhotos:
    """Pixels of photos, decoded and augmented by threads.

    Args:
        photos: The files.
        config: Image settings, as a model has filled them in, number of threads, and whether mirror
            images are wanted.
        augment: Whether photos are changed at random; validation shows them as they are.
    """

    num_views = 1

    def __init__(self, photos: Sequence[Path], config: PhotoConfig, augment: bool) -> None:
        self._photos = list(photos)
        self._preprocess = ImagePreprocessor(config.image)
        self._augment = augment
        self._flips = config.training.flips
        self._threads = ThreadPoolExecutor(max(1, config.training.num_workers))

    def load(self, numbers: Sequence[int], views: Sequence[int], seed: int) -> Tensor:
        """Return pixels; a photo's changes come from the seed and its number alone."""
        read = self._threads.map(lambda photo: self._read(photo, seed), numbers)
        return torch.from_numpy(np.stack(list(read)))

    def _read(self, photo: int, seed: int) -> Pixels:
        image = self._preprocess.read(self._photos[photo])
        if not self._augment:
            return self._preprocess(image)
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
    """Choose the source that the config calls for.

    Args:
        photos: The files.
        encoder: Whose backbone has frozen stages, or not.
        config: The experiment.
        folder: Of the feature cache.
        training: Whether other views than the whole photo are wanted.
        most_views: How many views of each may be cached; None: all that are wanted.
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
    """Return how many views of each training photo the limit has room for; None: all of them.

    Args:
        encoder: Whose frozen stages fill the cache.
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
        a_photo_gb = encoder.frozen_features(pixels).numel() / 1e9  # a byte each
    views = int((limit_gb - num_val * a_photo_gb) / (num_train * a_photo_gb))
    if views < 1:
        needed = (num_train + num_val) * a_photo_gb
        raise ConfigError(
            f"data.cache_limit_gb: photos in one view take {needed:.2g} GB (given: {limit_gb:g}); "
            "allow more, or make image.height and image.width smaller"
        )
    return views


class PhotosOfExamples:
    """The photo of each example; several examples may be about one, as in several languages.

    Attributes:
        num_views: How many views of each there are to choose from.

    Args:
        photos: Each photo once.
        numbers: The number of each example's photo.
    """

    def __init__(self, photos: CachedFeatures | AugmentedPhotos, numbers: Sequence[int]) -> None:
        self.num_views = photos.num_views
        self.numbers = list(numbers)
        self._photos = photos

    def load(self, numbers: Sequence[int], views: Sequence[int], seed: int) -> Tensor:
        """Return features or pixels by the examples' numbers."""
        return self._photos.load([self.numbers[example] for example in numbers], views, seed)


@dataclass(frozen=True)
class ConceptInputs:
    """A batch whose concepts are known beforehand.

    Attributes:
        features: Of photos; None where there are none to look at.
        probabilities: Of each word that the detector knows.
    """

    features: Float[Tensor, "batch height width channels"] | None
    probabilities: Float[Tensor, "batch words"]

    def to(self, device: torch.device) -> "ConceptInputs":
        """Return the batch on another device."""
        features = None if self.features is None else self.features.to(device)
        return ConceptInputs(features, self.probabilities.to(device))


class ConceptPhotos:
    """Photos with the words detected in them, and texts with words as they would be detected.

    Args:
        photos: The photos of the training examples, behind which the texts are numbered.
        held_out: The probability of each word for each photo, by a detector that has not seen the
            photo.
        drawn: Photos from which each text borrows what is detected.
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
        """Return a batch of photos or of texts; some batches of photos show their words alone."""
        rng = np.random.default_rng(seed)
        texts = torch.tensor(numbers) - len(self._photos.numbers)
        if int(texts[0]) >= 0:
            draws = torch.from_numpy(rng.integers(self._drawn.shape[1], size=len(numbers)))
            return ConceptInputs(None, self._held_out[self._drawn[texts, draws].long()])
        words_alone = bool(len(self._drawn)) and rng.random() < WORDS_ALONE
        features = None if words_alone else self._photos.load(numbers, views, seed)
        return ConceptInputs(features, self._held_out[[self._photos.numbers[n] for n in numbers]])
