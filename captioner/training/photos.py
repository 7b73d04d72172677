"""Where an update gets its photos: from the cache of what frozen stages made of them, or else from the files."""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from captioner.config import PhotoConfig
from captioner.data.feature_cache import FeatureCache, View, views_of
from captioner.modules.encoders import ImageEncoder
from captioner.preprocess.image import ImagePreprocessor


class CachedPhotos:
    """What frozen stages make of photos, computed once in all views.

    Threads decode the next photos while the backbone works.

    Attributes:
        num_views: How many views of each there are to choose from.

    Args:
        photos: The files.
        views: The views of each.
        encoder: Its frozen stages compute what is missing.
        config: Image settings, as a model has filled them in, and number of threads.
        folder: Of the cache.
    """

    def __init__(
        self, photos: Sequence[Path], views: Sequence[View], encoder: ImageEncoder, config: PhotoConfig, folder: Path
    ) -> None:
        self.num_views = len(views)
        self._preprocess = ImagePreprocessor(config.image)
        settings = config.image.model_dump_json(exclude={"max_pixels"})
        fingerprint = hashlib.sha256(f"{encoder.frozen_fingerprint()} {settings}".encode()).hexdigest()
        self._cache = FeatureCache(folder, photos, views, fingerprint)
        device = encoder.project.weight.device

        @torch.inference_mode()
        def extract(pixels: Tensor) -> Tensor:
            return encoder.frozen_features(pixels.to(device))

        self._cache.build(self._read_views, extract, max(1, config.training.num_workers))

    def _read_views(self, photo: Path, views: Sequence[View]) -> Tensor:
        image = self._preprocess.read(photo)
        return torch.stack([self._preprocess.view(image, view.mirrored, view.crop_seed(photo)) for view in views])

    def load(self, photos: Sequence[int], views: Sequence[int], seed: int) -> Tensor:
        """Return features; the seed is not used, since all chance lies in the views."""
        return self._cache.read(photos, views)


class AugmentedPhotos:
    """Pixels of photos, decoded and augmented by threads.

    Args:
        photos: The files.
        config: Image settings, as a model has filled them in, number of threads, and whether mirror images are wanted.
        augment: Whether photos are changed at random; validation shows them as they are.
    """

    num_views = 1

    def __init__(self, photos: Sequence[Path], config: PhotoConfig, augment: bool) -> None:
        self._photos = list(photos)
        self._preprocess = ImagePreprocessor(config.image)
        self._augment = augment
        self._flips = config.training.flips
        self._threads = ThreadPoolExecutor(max(1, config.training.num_workers))

    def load(self, photos: Sequence[int], views: Sequence[int], seed: int) -> Tensor:
        """Return pixels; a photo's changes come from the seed and its number alone."""
        return torch.stack(list(self._threads.map(lambda photo: self._read(photo, seed), photos)))

    def _read(self, photo: int, seed: int) -> Tensor:
        image = self._preprocess.read(self._photos[photo])
        if not self._augment:
            return self._preprocess(image)
        own_seed = int(np.random.SeedSequence([seed, photo]).generate_state(1)[0])
        return self._preprocess.augment(image, own_seed, self._flips)


def open_photos(
    photos: Sequence[Path], encoder: ImageEncoder, config: PhotoConfig, folder: Path, training: bool
) -> CachedPhotos | AugmentedPhotos:
    """Choose the source that the config calls for.

    Args:
        photos: The files.
        encoder: Whose backbone has frozen stages, or not.
        config: The experiment.
        folder: Of the feature cache.
        training: Whether other views than the whole photo are wanted.
    """
    if not encoder.is_partly_frozen:
        return AugmentedPhotos(photos, config, augment=training)
    views = views_of(config.training.flips, config.training.crops) if training else (View(),)
    return CachedPhotos(photos, views, encoder, config, folder)
