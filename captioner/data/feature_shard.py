"""Reads and writes one file of the feature cache: a byte per feature, and what it was made from."""

import contextlib
import hashlib
import json
import os
import zlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from captioner.data.views import View
from captioner.errors import CacheError, MissingImageError

FORMAT = "a byte, in steps between the least and the greatest value of its channel"
STEPS = 255


class FeatureShard:
    """Three files that hold the features of some photos in some views.

    `NAME.npy` has the features, `[photos, views, height, width, channels]`, each as the number of
    steps, 0 to 255, above its channel's least value. `NAME.range.npy` has these least values and
    the sizes of a step, `[2, channels]`. `NAME.json`, written last, names files, views, backbone
    and preprocessing. A shard is made again if its JSON is missing (its build was interrupted) or
    unexpected. Files that are only newer, as after unpacking a dataset again, are read to see
    whether they changed.

    Attributes:
        photos: The files.
        made_from: A description of all that the features depend on.

    Args:
        folder: Where the shard is kept.
        photos: The files.
        views: The views of each.
        fingerprint: Hash of backbone and preprocessing.

    Raises:
        MissingImageError: A photo is not there.
    """

    def __init__(
        self, folder: Path, photos: Sequence[Path], views: Sequence[View], fingerprint: str
    ) -> None:
        self.photos = photos
        self._folder = folder
        files: list[list[str | int]] = []
        self._times_ns: list[int] = []
        for photo in photos:
            try:
                status = photo.stat()
            except OSError as error:
                raise MissingImageError(f"{photo}: {error.strerror}") from error
            files.append([os.path.realpath(photo), status.st_size])
            self._times_ns.append(status.st_mtime_ns)
        self.made_from: dict[str, object] = {
            "format": FORMAT,
            "fingerprint": fingerprint,
            "views": [[view.mirrored, view.crop] for view in views],
            "files": files,
        }
        # Named by its files, so that training and validation photos can share a folder.
        paths = "\n".join(str(path) for path, _ in files)
        self._name = hashlib.sha256(paths.encode()).hexdigest()[:16]

    def is_valid(self) -> bool:
        """Tell whether the shard exists and holds the expected features.

        Raises:
            CacheError: A photo that is newer than its features cannot be read.
        """
        try:
            found = dict(json.loads(self._path(".json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return False
        if not self._path(".npy").is_file() or any(
            found.get(key) != value for key, value in self.made_from.items()
        ):
            return False
        if found.get("times_ns") == self._times_ns:
            return True
        if found.get("checksums") != self._checksums():
            return False
        self._describe(found["checksums"])
        return True

    def write(self, blocks: Sequence[NDArray[np.float32]]) -> None:
        """Write features.

        Args:
            blocks: `[photos, views, height, width, channels]`, some photos each.

        Raises:
            CacheError: Features are infinite or NaN, or the folder cannot be written.
        """
        steps, of_channels = _quantised(blocks)
        checksums = self._checksums()
        for suffix, array in ((".npy", steps), (".range.npy", of_channels)):
            with self._writing(suffix) as part, part.open("wb") as file:
                self._path(".json").unlink(missing_ok=True)
                np.save(file, array)
        self._describe(checksums)

    @cached_property
    def arrays(self) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """The features in steps, mapped into memory, and each channel's least value and step.

        Raises:
            CacheError: They cannot be read.
        """
        try:
            of_channels = np.load(self._path(".range.npy"))
            return np.load(self._path(".npy"), mmap_mode="r"), of_channels
        except (OSError, ValueError) as error:
            raise CacheError(
                f"{self._path('.npy')}: cannot be read ({error}): remove it to build it again"
            ) from error

    def _path(self, suffix: str) -> Path:
        return self._folder / f"{self._name}{suffix}"

    def _checksums(self) -> list[int]:
        try:
            return [zlib.crc32(photo.read_bytes()) for photo in self.photos]
        except OSError as error:
            raise CacheError(f"{error.filename}: cannot be read ({error.strerror})") from error

    def _describe(self, checksums: Sequence[int]) -> None:
        description = self.made_from | {"times_ns": self._times_ns, "checksums": checksums}
        with self._writing(".json") as part:
            part.write_text(json.dumps(description), encoding="utf-8")

    @contextlib.contextmanager
    def _writing(self, suffix: str) -> Iterator[Path]:
        """Yield a file that takes its place once complete; name a folder that cannot be written."""
        part = self._path(".part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            yield part
            part.replace(self._path(suffix))
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink()
            raise CacheError(
                f"{self._folder}: features cannot be written ({error.strerror}); finished shards"
                " stay"
            ) from error


def _quantised(
    blocks: Sequence[NDArray[np.float32]],
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Round features to steps; return these, and each channel's least value and size of a step.

    Raises:
        CacheError: Features are infinite or NaN.
    """
    places = tuple(range(blocks[0].ndim - 1))
    least = np.minimum.reduce([block.min(places) for block in blocks])
    size = (np.maximum.reduce([block.max(places) for block in blocks]) - least) / STEPS
    if not np.isfinite(size).all():
        raise CacheError("the backbone makes features that are no numbers: are its weights whole?")
    divisor = np.where(size == 0, 1, size)
    steps = [np.rint((block - least) / divisor).clip(0, STEPS).astype(np.uint8) for block in blocks]
    return np.concatenate(steps), np.stack([least, size])
