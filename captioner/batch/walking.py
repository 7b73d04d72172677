"""Walks through folders and expands globs.

Each folder is visited once, whatever links lead to it; a folder that cannot be read is reported.
"""

# ruff: noqa: PTH112, PTH114, PTH116, PTH118, PTH208
# Paths are strings here, since there may be many, and "" is the working directory.

import fnmatch
import glob
import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from captioner.preprocess.kinds import COMPANION_FOLDERS

Key = tuple[int, int]  # device and inode of a folder, the same for all its paths


@dataclass(frozen=True)
class Folder:
    """A folder that was read.

    Attributes:
        path: The path by which the search reached it.
        key: The same for every path of the folder; None if it could not be read.
        files: Its entries other than folders, sorted by name.
        error: Why it could not be read; None if it could.
    """

    path: str
    key: Key | None
    files: tuple["os.DirEntry[str]", ...] = ()
    error: OSError | None = None


def walk(start: str, seen: set[Key] | None = None, hidden: bool = True) -> Iterator[Folder]:
    """Yield a folder and all folders below it, each once; links to folders come last.

    A folder is therefore found under its own name if it is below the start, and otherwise under
    that of the first link to it.

    Args:
        start: The folder where the search begins.
        seen: Folders to leave out; each folder that is yielded is added.
        hidden: Whether folders whose names begin with a dot are searched.
    """
    seen = set() if seen is None else seen
    links: deque[str] = deque([start])
    while links:
        stack = [links.popleft()]
        while stack:
            path = stack.pop()
            try:
                key = folder_key(path)
                if key in seen:
                    continue
                seen.add(key)
                with os.scandir(path or os.curdir) as entries:
                    found = sorted(entries, key=lambda entry: entry.name)
            except OSError as error:
                yield Folder(path, None, error=error)
                continue
            folders = {entry.name: entry for entry in found if _is_folder(entry)}
            yield Folder(path, key, tuple(entry for entry in found if entry.name not in folders))
            below = [entry for name, entry in folders.items() if _is_searched(name, hidden)]
            links.extend(os.path.join(path, one.name) for one in below if one.is_symlink())
            stack += [
                os.path.join(path, one.name) for one in reversed(below) if not one.is_symlink()
            ]


def folder_key(path: str) -> Key:
    """Return a key that is the same for all paths of one folder or file.

    Raises:
        OSError: The path does not exist, or cannot be reached.
    """
    stat = os.stat(path or os.curdir)
    return stat.st_dev, stat.st_ino


def expand(pattern: str) -> Iterator[str]:
    """Yield the files and folders that a glob matches, sorted by name, links to folders last.

    `**` stands for any number of folders, including none.

    Python's own glob is not used, since it follows a link to a parent folder again and again, until
    the path is too long for the system.
    """
    parts = Path(pattern).parts
    only_folders = pattern.endswith(("/", os.sep))
    for path in _expanded("", list(parts)):
        if not only_folders or os.path.isdir(path):
            yield path


def _expanded(folder: str, parts: list[str]) -> Iterator[str]:
    first, *rest = parts
    if first == "**":
        if not rest:
            yield folder or os.curdir
            return
        for below in walk(folder, hidden=False):
            if below.error is None:
                yield from _expanded(below.path, rest)
        return
    paths = [os.path.join(folder, name) for name in _matching(folder, first)]
    for path in sorted(paths, key=lambda path: os.path.islink(path) and os.path.isdir(path)):
        if not rest:
            yield path
        elif os.path.isdir(path):
            yield from _expanded(path, rest)


def _matching(folder: str, pattern: str) -> list[str]:
    """Return the names in a folder that match one part of a glob.

    Hidden names match only if the part begins with a dot.
    """
    if not glob.has_magic(pattern):
        return [pattern] if os.path.lexists(os.path.join(folder, pattern)) else []
    try:
        names = os.listdir(folder or os.curdir)
    except OSError:
        return []
    return sorted(
        name
        for name in fnmatch.filter(names, pattern)
        if pattern.startswith(".") or not name.startswith(".")
    )


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a loop of links
        return False


def _is_searched(name: str, hidden: bool) -> bool:
    return name.casefold() not in COMPANION_FOLDERS and (hidden or not name.startswith("."))
