"""From what the user named, files, folders and globs, to the photos."""

import glob
import os
from collections.abc import Sequence
from pathlib import Path

from captioner.errors import UsageError
from captioner.preprocess.kinds import SUFFIXES, is_photo_name


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
        elif is_photo_name(match):
            photos.append(Path(match))
    return photos


def _photos_below(folder: str) -> list[Path]:
    photos: list[Path] = []

    def keep_unreadable(error: OSError) -> None:
        photos.append(Path(error.filename))

    for parent, folders, files in os.walk(folder, onerror=keep_unreadable):
        folders.sort()
        photos += [Path(parent, name) for name in sorted(files) if is_photo_name(name)]
    return photos
