"""From what the user named, files, folders and globs, to the photos, clips or recordings."""

import glob
import os
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from captioner.errors import UsageError
from captioner.preprocess.kinds import (
    SOUND_SUFFIXES,
    SUFFIXES,
    VIDEO_SUFFIXES,
    is_clip_name,
    is_photo_name,
    is_recording_name,
)


def find_photos(paths: Sequence[str | Path]) -> list[Path]:
    """Expand files, folders (searched recursively) and globs to photos, as `find_files` does.

    Raises:
        UsageError: A folder or a glob holds no photos.
    """
    return find_files(paths, is_photo_name, "photos", SUFFIXES)


def find_clips(paths: Sequence[str | Path]) -> list[Path]:
    """Expand files, folders (searched recursively) and globs to clips, as `find_files` does.

    Raises:
        UsageError: A folder or a glob holds no clips.
    """
    return find_files(paths, is_clip_name, "clips", VIDEO_SUFFIXES)


def find_recordings(paths: Sequence[str | Path]) -> list[Path]:
    """Expand files, folders (searched recursively) and globs to recordings, as `find_files` does.

    Raises:
        UsageError: A folder or a glob holds no recordings.
    """
    return find_files(paths, is_recording_name, "recordings", SOUND_SUFFIXES)


def find_files(
    paths: Sequence[str | Path], is_wanted: Callable[[str], bool], what: str, suffixes: Collection[str]
) -> list[Path]:
    """Expand files, folders (searched recursively) and globs to files, each once, in a stable order.

    A file that is named but not there stays in the list, so that it is reported like any other failure; so does a
    folder that may not be read.

    Args:
        paths: What the user named.
        is_wanted: Which files of a folder or a glob are taken; one that is named outright is taken whatever it is.
        what: They are called, in the plural, in messages.
        suffixes: Of those that are wanted, for messages.

    Raises:
        UsageError: A folder or a glob holds none.
    """
    found: dict[Path, None] = {}
    for path in paths:
        files = _expand(str(path), is_wanted)
        if not files:
            raise UsageError(f"{path}: no {what} there (looked for {', '.join(sorted(suffixes))})")
        found.update(dict.fromkeys(files))
    return list(found)


def _expand(path: str, is_wanted: Callable[[str], bool]) -> list[Path]:
    if os.path.isdir(path):  # noqa: PTH112 (pathlib raises where a name is too long)
        return _files_below(path, is_wanted)
    if not glob.has_magic(path) or os.path.lexists(path):
        return [Path(path)]
    files = []
    for match in sorted(glob.glob(path, recursive=True)):  # noqa: PTH207 (pathlib takes no absolute patterns)
        if os.path.isdir(match):  # noqa: PTH112
            files += _files_below(match, is_wanted)
        elif is_wanted(match):
            files.append(Path(match))
    return files


def _files_below(folder: str, is_wanted: Callable[[str], bool]) -> list[Path]:
    files: list[Path] = []

    def keep_unreadable(error: OSError) -> None:
        files.append(Path(error.filename))

    for parent, folders, names in os.walk(folder, onerror=keep_unreadable):
        folders.sort()
        files += [Path(parent, name) for name in sorted(names) if is_wanted(name)]
    return files
