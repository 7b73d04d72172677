"""Frozen features, computed once.

They take a byte each, in memory-mapped shards that record what they were made from.
"""

import contextlib
import hashlib
import json
import os
import shutil
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from captioner.errors import CacheError, MissingImageError
from captioner.progress import progress

SHARD_PHOTOS = 64
PART_PHOTOS = 16  # in one pass of the backbone
FORMAT = "a byte, in steps between the least and the greatest value of its channel"
MADE_FROM = ("format", "fingerprint", "views", "files")  # what makes a shard stale where it differs
STEPS = 255


@dataclass(frozen=True)
class View:
    """One way to look at a photo.

    Attributes:
        mirrored: Whether left and right change places.
        crop: Number of a random crop; 0 is the whole photo.
    """

    mirrored: bool = False
    crop: int = 0

    def crop_seed(self, photo: Path) -> int | None:
        """Return the seed of the crop of this photo, from its name; None for the whole photo."""
        return zlib.crc32(f"{photo.name}/{self.crop}".encode()) if self.crop else None


def views_of(flips: bool, crops: int) -> tuple[View, ...]:
    """List the views: the whole photo first, then crops, and each mirrored if wished."""
    mirrors = (False, True) if flips else (False,)
    return tuple(View(mirrored, crop) for crop in range(crops + 1) for mirrored in mirrors)


class FeatureCache:
    """Features of some photos in some views, in a folder.

    A shard is three files: `NAME.npy` with the features of 64 photos, `[photos, views, height,
    width, channels]`, each the number of steps, 0 to 255, above its channel's least value;
    `NAME.range.npy` with these values and the sizes of a step, `[2, channels]`; and `NAME.json`,
    written last, that says of which files, views, backbone and preprocessing. A shard that says
    anything else than expected is stale and made again; one without its JSON was interrupted and is
    made again, too. Files that are only newer, as where a dataset was unpacked once more, are read
    to see whether they changed.

    Args:
        folder: Where the shards are kept.
        photos: The photos, in the order in which they will be asked for; or clips, each with
            features of its frames, `[clips, views, frames, channels]`.
        views: The views of each.
        fingerprint: Of backbone and preprocessing.
        part_photos: How many are in memory at once, in all views.

    Raises:
        MissingImageError: A photo is not there.
    """

    def __init__(
        self,
        folder: Path,
        photos: Sequence[Path],
        views: Sequence[View],
        fingerprint: str,
        part_photos: int = PART_PHOTOS,
    ) -> None:
        self.folder = folder
        self._part_photos = part_photos
        self.photos = list(photos)
        self.views = list(views)
        self.fingerprint = fingerprint
        self._shards: dict[int, tuple[NDArray[np.uint8], NDArray[np.float32]]] = {}
        starts = range(0, len(self.photos), SHARD_PHOTOS)
        self._descriptions = [
            self._describe(self.photos[start : start + SHARD_PHOTOS]) for start in starts
        ]

    def digest(self) -> str:
        """Return a hash of all that the features are made from."""
        made_from = [[description[key] for key in MADE_FROM] for description in self._descriptions]
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
        wanted = [number for number in range(len(self._descriptions)) if not self._is_valid(number)]
        count = sum(len(self._photos_of(number)) for number in wanted)
        parts = [part for number in wanted for part in self._parts_of(number)]
        with (
            progress(
                "features", len(self.photos), "photos", done=len(self.photos) - count
            ) as advance,
            ThreadPoolExecutor(num_threads) as threads,
        ):
            ahead = _read_ahead(threads, lambda photo: read(photo, self.views), parts)
            for number in wanted:
                blocks = []
                for part in self._parts_of(number):
                    features = extract(next(ahead)).to("cpu", torch.float32)
                    blocks.append(
                        features.reshape(len(part), len(self.views), *features.shape[1:]).numpy()
                    )
                    if number == wanted[0] and len(blocks) == 1:
                        self._check_room(count * blocks[0][0].size)
                    advance(len(part))
                self._write(number, *_quantised(blocks))
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
        shards = [self._shard(photo // SHARD_PHOTOS) for photo in photos]
        rows = [
            steps[photo % SHARD_PHOTOS, view]
            for (steps, _), photo, view in zip(shards, photos, views, strict=True)
        ]
        ranges = torch.from_numpy(np.stack([of_channels for _, of_channels in shards]))
        least, size = ranges.reshape(len(rows), 2, *[1] * (rows[0].ndim - 1), -1).unbind(1)
        return torch.addcmul(least, torch.from_numpy(np.stack(rows)).float(), size)

    def _shard(self, number: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        if number not in self._shards:
            try:
                of_channels = np.load(self._path(number, ".range.npy"))
                self._shards[number] = (
                    np.load(self._path(number, ".npy"), mmap_mode="r"),
                    of_channels,
                )
            except (OSError, ValueError) as error:
                raise CacheError(
                    f"{self._path(number, '.npy')}: cannot be read ({error}): remove it to build it"
                    " again"
                ) from error
        return self._shards[number]

    def _describe(self, photos: Sequence[Path]) -> dict[str, Any]:
        files, times_ns = [], []
        for photo in photos:
            try:
                status = photo.stat()
            except OSError as error:
                raise MissingImageError(f"{photo}: {error.strerror}") from error
            files.append([os.path.realpath(photo), status.st_size])
            times_ns.append(status.st_mtime_ns)
        views = [[view.mirrored, view.crop] for view in self.views]
        made_from = dict(zip(MADE_FROM, (FORMAT, self.fingerprint, views, files), strict=True))
        return made_from | {"times_ns": times_ns}

    def _photos_of(self, number: int) -> list[Path]:
        return self.photos[number * SHARD_PHOTOS : (number + 1) * SHARD_PHOTOS]

    def _parts_of(self, number: int) -> list[list[Path]]:
        photos = self._photos_of(number)
        return [
            photos[start : start + self._part_photos]
            for start in range(0, len(photos), self._part_photos)
        ]

    def _path(self, number: int, suffix: str) -> Path:
        # Named by its files, so that training and validation photos share a folder.
        files = "\n".join(file for file, _ in self._descriptions[number]["files"])
        return self.folder / f"{hashlib.sha256(files.encode()).hexdigest()[:16]}{suffix}"

    def _is_valid(self, number: int) -> bool:
        try:
            found = dict(json.loads(self._path(number, ".json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return False
        expected = self._descriptions[number]
        if not self._path(number, ".npy").is_file() or any(
            found.get(key) != expected[key] for key in MADE_FROM
        ):
            return False
        if found.get("times_ns") == expected["times_ns"]:
            return True
        if found.get("checksums") != self._checksums(number):
            return False
        with self._writing(number, ".json") as part:
            part.write_text(
                json.dumps(expected | {"checksums": found["checksums"]}), encoding="utf-8"
            )
        return True

    def _checksums(self, number: int) -> list[int]:
        try:
            return [zlib.crc32(photo.read_bytes()) for photo in self._photos_of(number)]
        except OSError as error:
            raise CacheError(f"{error.filename}: cannot be read ({error.strerror})") from error

    def _write(
        self, number: int, steps: NDArray[np.uint8], of_channels: NDArray[np.float32]
    ) -> None:
        description = self._descriptions[number] | {"checksums": self._checksums(number)}
        for suffix, array in ((".npy", steps), (".range.npy", of_channels)):
            with self._writing(number, suffix) as part, part.open("wb") as file:
                self._path(number, ".json").unlink(missing_ok=True)
                np.save(file, array)
        with self._writing(number, ".json") as part:
            part.write_text(json.dumps(description), encoding="utf-8")

    @contextlib.contextmanager
    def _writing(self, number: int, suffix: str) -> Iterator[Path]:
        """Yield a file that takes its place once complete; name a folder that cannot be written."""
        part = self._path(number, ".part")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            yield part
            part.replace(self._path(number, suffix))
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink()
            raise CacheError(
                f"{self.folder}: features cannot be written ({error.strerror}); finished shards"
                " stay"
            ) from error


def _quantised(
    blocks: Sequence[NDArray[np.float32]],
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Round features to steps; return these, and each channel's least value and size of a step.

    Raises:
        CacheError: Features are no numbers.
    """
    places = tuple(range(blocks[0].ndim - 1))
    least = np.minimum.reduce([block.min(places) for block in blocks])
    size = (np.maximum.reduce([block.max(places) for block in blocks]) - least) / STEPS
    if not np.isfinite(size).all():
        raise CacheError("the backbone makes features that are no numbers: are its weights whole?")
    divisor = np.where(size == 0, 1, size)
    steps = [np.rint((block - least) / divisor).clip(0, STEPS).astype(np.uint8) for block in blocks]
    return np.concatenate(steps), np.stack([least, size])


def _read_ahead(
    threads: ThreadPoolExecutor, read: Callable[[Path], Tensor], parts: Sequence[Sequence[Path]]
) -> Iterator[Tensor]:
    """Read part after part, the next one while the caller works on the one before."""
    waiting: Iterator[Tensor] | None = None
    for part in parts:
        upcoming = threads.map(read, part)
        if waiting is not None:
            yield torch.cat(list(waiting))
        waiting = upcoming
    if waiting is not None:
        yield torch.cat(list(waiting))
