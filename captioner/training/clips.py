"""Where an update gets its clips: a frozen backbone's features of their frames, computed once."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from captioner.config import VideoConfig
from captioner.data.feature_cache import FeatureCache, View
from captioner.modules.encoders import VideoEncoder
from captioner.preprocess.frames import ClipPreprocessor

CLIPS_AT_ONCE = 2  # in memory, in all views


class CachedClips:
    """Features of frames, of clips in several views.

    Attributes:
        num_views: How many views of each there are to choose from.

    Args:
        clips: The files.
        views: The views of each; a crop also moves the moments at which frames are taken.
        encoder: Its backbone computes what is missing.
        config: Image settings, as a model has filled them in, and number of threads.
        folder: Of the cache.
    """

    def __init__(
        self,
        clips: Sequence[Path],
        views: Sequence[View],
        encoder: VideoEncoder,
        config: VideoConfig,
        folder: Path,
    ) -> None:
        self.num_views = len(views)
        self._preprocess = ClipPreprocessor(config.image, encoder.config.num_frames)
        settings = (
            f"{config.image.model_dump_json(exclude={'max_pixels'})}"
            f" {encoder.config.num_frames} frames"
        )
        fingerprint = hashlib.sha256(f"{encoder.fingerprint()} {settings}".encode()).hexdigest()
        self._cache = FeatureCache(folder, clips, views, fingerprint, CLIPS_AT_ONCE)
        device = encoder.project.weight.device

        @torch.inference_mode()
        def extract(pixels: Tensor) -> Tensor:
            return encoder.features(pixels.to(device))

        self._cache.build(self._read_views, extract, max(1, config.training.num_workers))

    def _read_views(self, clip: Path, views: Sequence[View]) -> Tensor:
        return self._preprocess.views(
            clip, [(view.mirrored, view.crop_seed(clip)) for view in views]
        )

    def load(self, clips: Sequence[int], views: Sequence[int], seed: int) -> Tensor:
        """Return features; the seed is not used, since only the views are random."""
        return self._cache.read(clips, views)
