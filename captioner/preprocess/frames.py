"""Turns a clip into the video encoder's tensor: its frames, fitted and normalised like photos."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from captioner.config import ImageConfig
from captioner.preprocess.image import ImagePreprocessor
from captioner.preprocess.video import Clip, evenly_spread, read_clip


class ClipPreprocessor:
    """Turns clips into frames of one size, spread evenly over each clip.

    Args:
        config: The size, the way of resizing, the mean and the standard deviation, such as a
            model's `image_config`.
        num_frames: Number of frames of each clip, whatever its length.

    Raises:
        ConfigError: The mean or the standard deviation is not given but left to a backbone.
    """

    def __init__(self, config: ImageConfig, num_frames: int) -> None:
        self.config = config
        self.num_frames = num_frames
        self._photo = ImagePreprocessor(config)

    def fingerprint(self) -> str:
        """Return all settings on which the pixels of a clip depend."""
        return f"{self._photo.fingerprint()} {self.num_frames} frames"

    def read(self, source: Any) -> Clip:
        """Read a clip by `read_clip`, at up to about twice the encoder's resolution."""
        return self._read(source, evenly_spread(self.num_frames))

    def __call__(self, clip: Clip) -> Float[Tensor, "frames 3 height width"]:
        """Fit and normalise all frames."""
        return torch.from_numpy(np.stack([self._photo(frame) for frame in clip.frames]))

    def views(
        self, source: Any, views: Sequence[tuple[bool, int | None]]
    ) -> Float32[np.ndarray, "views frames 3 height width"]:
        """Read a clip once, and make several views of it; the same arguments give the same views.

        Args:
            source: The clip.
            views: For each view, whether it is mirrored, and the seed of its crop. With a seed, all
                frames have the same crop, and each frame is drawn at random from its part of the
                clip. Without one, the frames are whole and from the middle of their parts.

        Raises:
            InputError: It cannot be read.
        """
        moments = [self._moments(seed) for _, seed in views]
        ordered = sorted({moment for several in moments for moment in several})
        frame_at = dict(zip(ordered, self._read(source, ordered).frames, strict=True))
        found = [
            np.stack([self._photo.view(frame_at[moment], mirrored, seed) for moment in several])
            for (mirrored, seed), several in zip(views, moments, strict=True)
        ]
        return np.stack(found)

    def _moments(self, seed: int | None) -> tuple[float, ...]:
        if seed is None:
            return evenly_spread(self.num_frames)
        parts = np.arange(self.num_frames) + np.random.default_rng(seed).random(self.num_frames)
        return tuple((parts / self.num_frames).tolist())

    def _read(self, source: Any, moments: Sequence[float]) -> Clip:
        return read_clip(
            source, moments, self.config.max_pixels, 2 * max(self.config.height, self.config.width)
        )
