"""Features of many photos, computed once by a frozen backbone and read from shards on the disk."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, pairwise
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from captioner.data.feature_shard import FeatureShard
from captioner.data.views import View
from captioner.errors import CacheError
from captioner.progress import progress

SHARD_PHOTOS = 64


class FeatureCache:
    """Features of some photos in some views, in a folder of shards.

    Args:
        folder: Where the shards are kept.
        photos: The photos, in the order in which they will be asked for; or clips, each with
            features of its frames, `[clips, views, frames, channels]`.
        views: The views of each.
        fingerprint: Of backbone and preprocessing.
        part_photos: How many are in one pass of the backbone, in all views.

    Raises:
        MissingImageError: A photo is not there.
    """

    def __init__(
        self,
        folder: Path,
        photos: Sequence[Path],
        views: Sequence[View],
        fingerprint: str,
        part_photos: int,
    ) -> None:
        self.folder = folder
        self.views = list(views)
        self._part_photos = part_photos
        self._num_photos = len(photos)
        self._shards = [
            FeatureShard(folder, some, views, fingerprint) for some in _chunks(photos, SHARD_PHOTOS)
        ]

    def digest(self) -> str:
        """Return a hash of all that the features are made from."""
        made_from = [list(shard.made_from.values()) for shard in self._shards]
        return hashlib.sha256(json.dumps(made_from).encode()).hexdigest()

    def build(
        self,
        read: Callable[[Path, Sequence[View]], Float[Tensor, "views *pixels"]],
        extract: Callable[
            [Float[Tensor, "batch *pixels"]], Float[Tensor, "batch *places channels"]
        ],
        num_threads: int = 1,
    ) -> int:
        """Compute the shards that are missing or stale.

        Args:
            read: Reads a photo in several views; threads call it.
            extract: Runs the backbone.
            num_threads: That read the next photos while the backbone works.

        Returns:
            The number of photos that had to be computed.

        Raises:
            CacheError: The disk has no room for what is missing, which is said after the first
                photos; or the folder cannot be written. Finished shards stay.
            InputError: A photo cannot be read.
        """
        wanted = [shard for shard in self._shards if not shard.is_valid()]
        count = sum(len(shard.photos) for shard in wanted)
        parts = [part for shard in wanted for part in _chunks(shard.photos, self._part_photos)]
        with (
            progress(
                "features", self._num_photos, "photos", done=self._num_photos - count
            ) as advance,
            ThreadPoolExecutor(num_threads) as threads,
        ):
            ahead = _read_ahead(threads, lambda photo: read(photo, self.views), parts)
            for shard in wanted:
                blocks = []
                for part in _chunks(shard.photos, self._part_photos):
                    features = extract(next(ahead)).to("cpu", torch.float32)
                    blocks.append(
                        features.reshape(len(part), len(self.views), *features.shape[1:]).numpy()
                    )
                    if shard is wanted[0] and len(blocks) == 1:
                        self._check_room(count * blocks[0][0].size)
                    advance(len(part))
                shard.write(blocks)
        return count

    def _check_room(self, num_bytes: int) -> None:
        """See that the disk has room for all that will be written."""
        folders = (self.folder, *self.folder.absolute().parents)
        free = shutil.disk_usage(next(folder for folder in folders if folder.is_dir())).free
        if free < num_bytes:
            raise CacheError(
                f"{self.folder}: {num_bytes / 1e9:.1f} GB are needed, {free / 1e9:.1f} GB free; "
                "choose another disk by data.cache, or keep fewer views by training.crops, "
                "training.flips or data.cache_limit_gb"
            )

    def read(
        self, photos: Sequence[int], views: Sequence[int]
    ) -> Float[Tensor, "batch *places channels"]:
        """Return features by number of photo and number of view.

        Raises:
            CacheError: They were not built.
        """
        shards = [self._shards[photo // SHARD_PHOTOS].arrays for photo in photos]
        rows = [
            steps[photo % SHARD_PHOTOS, view]
            for (steps, _), photo, view in zip(shards, photos, views, strict=True)
        ]
        ranges = torch.from_numpy(np.stack([of_channels for _, of_channels in shards]))
        least, size = ranges.reshape(len(rows), 2, *[1] * (rows[0].ndim - 1), -1).unbind(1)
        return torch.addcmul(least, torch.from_numpy(np.stack(rows)).float(), size)


def _chunks(photos: Sequence[Path], length: int) -> list[Sequence[Path]]:
    return [photos[start : start + length] for start in range(0, len(photos), length)]


def _read_ahead(
    threads: ThreadPoolExecutor, read: Callable[[Path], Tensor], parts: Sequence[Sequence[Path]]
) -> Iterator[Tensor]:
    """Read part after part, the next one while the caller works on the one before."""
    submitted = (threads.map(read, part) for part in parts)
    for tensors, _ in pairwise(chain(submitted, [()])):
        yield torch.cat(list(tensors))
