"""Caches the frozen features of photos or clips before training, and loads those of an update."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from captioner.data.feature_cache import FeatureCache
from captioner.data.views import View
from captioner.modules.encoders import ImageEncoder, VideoEncoder
from captioner.preprocess.frames import ClipPreprocessor
from captioner.preprocess.image import ImagePreprocessor

PHOTOS_AT_ONCE, CLIPS_AT_ONCE = 16, 2  # in one pass of the backbone, in all views


class CachedFeatures:
    """The frozen stages' output for photos or clips, computed once in all views.

    Threads decode the next files while the backbone runs.

    Attributes:
        num_views: Number of views of each file.
        digest: Hash of all that the features were made from.

    Args:
        files: The photos or clips.
        views: The views of each; a crop of a clip also changes the times of its frames.
        encoder: Its frozen stages compute the missing features.
        preprocess: Reads a file for the encoder.
        folder: The cache's folder.
        num_threads: Number of threads that decode files.
    """

    def __init__(
        self,
        files: Sequence[Path],
        views: Sequence[View],
        encoder: ImageEncoder | VideoEncoder,
        preprocess: ImagePreprocessor | ClipPreprocessor,
        folder: Path,
        num_threads: int,
    ) -> None:
        self.num_views = len(views)
        self._count = len(files)
        made_by = f"{encoder.frozen_fingerprint()} {preprocess.fingerprint()}"
        at_once = CLIPS_AT_ONCE if isinstance(encoder, VideoEncoder) else PHOTOS_AT_ONCE
        self._cache = FeatureCache(
            folder, files, views, hashlib.sha256(made_by.encode()).hexdigest(), at_once
        )
        self.digest = self._cache.digest()
        device = encoder.project.weight.device

        def read(file: Path, views: Sequence[View]) -> Tensor:
            wanted = [(view.mirrored, view.crop_seed(file)) for view in views]
            return torch.from_numpy(preprocess.views(file, wanted))

        @torch.inference_mode()
        def extract(pixels: Tensor) -> Tensor:
            return encoder.frozen_features(pixels.to(device))

        self._cache.build(read, extract, max(1, num_threads))

    def load(self, numbers: Sequence[int], views: Sequence[int], seed: int) -> Tensor:
        """Return features; the seed is not used, since only the views are random."""
        return self._cache.read(numbers, views)

    def pooled(self) -> Float[Tensor, "files views channels"]:
        """Return the mean features of all files in all views."""
        views = range(self.num_views)
        means = [
            self._cache.read([number] * len(views), views).flatten(1, -2).mean(1)
            for number in range(self._count)
        ]
        return torch.stack(means)
