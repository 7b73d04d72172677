"""Many photos: finds them, decodes ahead while the model works, and makes every failure a record instead of an end."""

import glob
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from PIL import Image

from captioner.config import SearchConfig
from captioner.errors import InputError, UsageError
from captioner.outputs.record import Candidate, ErrorInfo, Record
from captioner.pipeline import Captioner, CaptionResult

# What counts as a photo when a folder is searched; a file that is named outright is always tried.
SUFFIXES = frozenset(
    ".avif .bmp .gif .heic .heif .jfif .jp2 .jpeg .jpg .png .ppm .tif .tiff .webp".split()  # noqa: SIM905 (a list to read)
)
DECODING_THREADS = 2


@dataclass(frozen=True)
class Captioned:
    """One file, done.

    Attributes:
        record: What is written about it.
        result: The captions with their attention; None where the file failed.
        image: The photo as it was read; None where the file failed.
    """

    record: Record
    result: CaptionResult | None
    image: Image.Image | None


def find_photos(paths: Sequence[str | Path]) -> list[Path]:
    """Expand files, folders (searched recursively) and globs to files, each once, in a stable order.

    A file that is named but not there stays in the list, so that it is reported like any other failure; so does a
    folder that may not be read.

    Raises:
        UsageError: A folder or a glob holds no photos.
    """
    found: dict[Path, None] = {}
    for path in paths:
        photos = _expand(str(path))
        if not photos:
            raise UsageError(f"{path}: no photos there (looked for {', '.join(sorted(SUFFIXES))})")
        found.update(dict.fromkeys(photos))
    return list(found)


def _expand(path: str) -> list[Path]:
    if os.path.isdir(path):  # noqa: PTH112 (pathlib raises where a name is too long)
        return _photos_below(path)
    if not glob.has_magic(path) or os.path.lexists(path):
        return [Path(path)]
    photos = []
    for match in sorted(glob.glob(path, recursive=True)):  # noqa: PTH207 (pathlib takes no absolute patterns)
        if os.path.isdir(match):  # noqa: PTH112
            photos += _photos_below(match)
        elif _has_photo_suffix(match):
            photos.append(Path(match))
    return photos


def _photos_below(folder: str) -> list[Path]:
    photos: list[Path] = []

    def keep_unreadable(error: OSError) -> None:
        photos.append(Path(error.filename))

    for parent, folders, files in os.walk(folder, onerror=keep_unreadable):
        folders.sort()
        photos += [Path(parent, name) for name in sorted(files) if _has_photo_suffix(name)]
    return photos


def _has_photo_suffix(name: str) -> bool:
    return os.path.splitext(name)[1].lower() in SUFFIXES  # noqa: PTH122 (faster over many files)


def caption_files(
    captioner: Captioner, files: Sequence[Path], search: SearchConfig, batch_size: int
) -> Iterator[Captioned]:
    """Caption files in their order; while a batch is in the model, the next one is decoded.

    Args:
        captioner: The model.
        files: Photos.
        search: How captions are searched.
        batch_size: Photos in one pass of the model.
    """
    upcoming = iter(files)
    with ThreadPoolExecutor(DECODING_THREADS) as threads:

        def submit() -> list[tuple[Path, Future[Image.Image]]]:
            return [(file, threads.submit(captioner.preprocess.read, file)) for file in islice(upcoming, batch_size)]

        batch = submit()
        while batch:
            following = submit()
            yield from _caption_batch(captioner, batch, search)
            batch = following


def _caption_batch(
    captioner: Captioner, batch: Sequence[tuple[Path, Future[Image.Image]]], search: SearchConfig
) -> Iterator[Captioned]:
    images: dict[Path, Image.Image] = {}
    errors: dict[Path, InputError] = {}
    for file, reading in batch:
        try:
            images[file] = reading.result()
        except InputError as failure:
            errors[file] = failure
    results = dict(zip(images, captioner.caption_images(list(images.values()), search), strict=True))
    for file, _ in batch:
        if file in errors:
            info = ErrorInfo(type(errors[file]).__name__, errors[file].reason)
            yield Captioned(Record(str(file), None, None, (), captioner.name, info), None, None)
        else:
            yield Captioned(_record(file, results[file], captioner.name), results[file], images[file])


def _record(file: Path, result: CaptionResult, model: str) -> Record:
    candidates = tuple(Candidate(one.text, one.log_prob) for one in result.candidates)
    return Record(str(file), result.text, result.log_prob, candidates, model, None)
