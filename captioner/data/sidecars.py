"""Reads captions from text files beside the photos, one file per photo, as taggers write them."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

from captioner.data.caption_row import CaptionRow
from captioner.data.text_file import read_text
from captioner.errors import EmptyDataError
from captioner.preprocess.kinds import is_photo_name

SUFFIXES = (".txt", ".caption")

logger = logging.getLogger(__name__)


def read_sidecars(texts: Path, photos: Path) -> Iterator[CaptionRow]:
    """Read `photo.txt`, `photo.jpg.txt` or `photo.caption` of each photo in a folder, however deep.

    Each line is a caption. Photos without a text are skipped, and their number is logged.

    Args:
        texts: Folder of the texts, which have the names and subfolders of their photos.
        photos: Folder of the photos.

    Raises:
        AnnotationError: A text cannot be read.
        EmptyDataError: There are no photos, or none of them has a text.
    """
    num_photos = num_bare = 0
    for name in _photos_in(photos):
        num_photos += 1
        beside = [
            texts / f"{name}{SUFFIXES[0]}",
            *((texts / name).with_suffix(suffix) for suffix in SUFFIXES),
        ]
        file = next((path for path in beside if path.is_file()), None)
        if file is None:
            num_bare += 1
            continue
        for line in read_text(file).strip().split("\n"):
            yield CaptionRow(name, line, name)
    if num_photos == num_bare:
        raise EmptyDataError(
            f"{texts}: none of {num_photos} photos in {photos} has a text; put photo.txt beside"
            " photo.jpg, or give a caption file"
        )
    if num_bare:
        logger.warning(
            "%s: %d of %d photos have no text and are passed over", texts, num_bare, num_photos
        )


def _photos_in(folder: Path) -> Iterator[str]:
    """Return the photos of a folder, however deep, sorted by name, without hidden ones."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if is_photo_name(name) and not name.startswith("."):
                yield (Path(parent) / name).relative_to(folder).as_posix()
