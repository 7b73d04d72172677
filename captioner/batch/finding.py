"""Expands files, folders and globs that the user named into photos, clips or recordings."""

# ruff: noqa: PTH112, PTH119, PTH120, PTH122
# Paths are strings here, since there may be many, and "" is the working directory.

import glob
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from captioner.batch.walking import Folder, Key, expand, folder_key, walk
from captioner.errors import UsageError
from captioner.preprocess.fetching import is_elsewhere
from captioner.preprocess.kinds import CLIPS, PHOTOS, RECORDINGS, Kind, is_companion_name


@dataclass
class Found:
    """The result of a search.

    Attributes:
        files: Each once, in a stable order.
        passed_over: How many other files the folders and globs held, by suffix.
    """

    files: list[str | Path] = field(default_factory=list)
    passed_over: Counter[str] = field(default_factory=Counter)

    @property
    def on_disk(self) -> list[Path]:
        """The files that lie on a disk: all but addresses and standard input."""
        return [file for file in self.files if isinstance(file, Path)]

    def note(self) -> str | None:
        """Say how many files were passed over, by suffix; None if there were none."""
        if not self.passed_over:
            return None
        total, commonest = self.passed_over.total(), self.passed_over.most_common(3)
        kinds = [f"{count:,} {suffix or 'without suffix'}" for suffix, count in commonest]
        others = total - sum(count for _, count in commonest)
        kinds += [f"{others:,} more"] * (others > 0)
        return f"passed over {total:,} other file{'' if total == 1 else 's'} ({', '.join(kinds)})"


def find_files(paths: Sequence[str | Path], kind: Kind) -> Found:
    """Expand files, folders (searched recursively) and globs to files, each once, in stable order.

    In folders, a file is taken by its suffix or, without one, by its first bytes. A file that is
    named directly is taken whatever it is. If it is missing, it stays in the list, so that it is
    reported like any other failure. So does a folder that cannot be read. A link is left out if the
    file that it leads to is found, too. Addresses, and `-` for standard input, count as files that
    are named directly; they stay strings.

    Args:
        paths: What the user named.
        kind: What is looked for.

    Raises:
        UsageError: A folder or a glob holds no file of the kind, or a name is empty.
    """
    search = _Search(kind)
    for path in paths:
        if path == "":
            raise UsageError("an empty name, which is no file: is a variable of the shell unset?")
        if is_elsewhere(path):
            search.take_elsewhere(str(path))
        elif not search.take(str(path)):
            raise UsageError(
                f"{path}: no {kind.name} there (looked for {', '.join(sorted(kind.suffixes))})"
            )
    return search.found()


find_photos = partial(find_files, kind=PHOTOS)
find_clips = partial(find_files, kind=CLIPS)
find_recordings = partial(find_files, kind=RECORDINGS)


class _Search:
    """Collects files of a kind."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._files: dict[tuple[Key | None, str], str | Path] = {}
        self._links: set[str | Path] = set()  # links to files, which were found in folders
        self._passed_over: dict[tuple[Key | None, str], str] = {}
        self._searched: set[Key] = set()

    def take(self, path: str) -> bool:
        """Add what the user named, and tell whether it holds any file of the kind."""
        if os.path.isdir(path):
            return self._take_below(path)
        if not glob.has_magic(path) or os.path.lexists(path):
            return self._take_file(path)
        taken = False
        for match in expand(path):
            if os.path.isdir(match):
                taken |= self._take_below(match)
            elif self._kind.has(os.path.basename(match), match):
                taken |= self._take_file(match)
            else:
                self._pass_over(_key_of(os.path.dirname(match)), os.path.basename(match))
        return taken

    def take_elsewhere(self, file: str) -> None:
        """Add an address, or standard input."""
        self._files.setdefault((None, file), file)

    def found(self) -> Found:
        """Return all that was found, without links to files that were found themselves."""
        files = list(self._files.values())
        if self._links:
            targets = {key for file in files if file not in self._links and (key := _key_of(file))}
            files = [
                file for file in files if file not in self._links or not _comes_again(file, targets)
            ]
        return Found(files, Counter(self._passed_over.values()))

    def _take_file(self, path: str) -> bool:
        key = _key_of(os.path.dirname(path)), os.path.basename(path)
        self._files.setdefault(key, Path(path))
        return True

    def _take_below(self, start: str) -> bool:
        taken = _key_of(start) in self._searched
        for folder in walk(start, self._searched):
            below = Path(os.path.relpath(folder.path, start)).parts
            taken |= self._take_from(
                folder, hidden=any(re.match(r"\.[^.]", name) for name in below)
            )
        return taken

    def _take_from(self, folder: Folder, hidden: bool) -> bool:
        """Add the files of a folder, and tell whether it holds any file of the kind.

        In a hidden folder, such as `.git`, the suffix alone decides, and other files are not
        counted.
        """
        if folder.error is not None:
            self._files.setdefault((None, folder.path), Path(folder.path))
            return True
        taken = False
        for entry in folder.files:
            if not (
                self._kind.has_name(entry.name)
                if hidden
                else self._kind.has(entry.name, entry.path)
            ):
                if not hidden:
                    self._pass_over(folder.key, entry.name)
                continue
            taken = True
            path = Path(folder.path, entry.name)
            if (folder.key, entry.name) not in self._files and entry.is_symlink():
                self._links.add(path)
            self._files.setdefault((folder.key, entry.name), path)
        return taken

    def _pass_over(self, folder: Key | None, name: str) -> None:
        if not name.startswith(".") and not is_companion_name(name):
            self._passed_over[folder, name] = os.path.splitext(name)[1].lower().rstrip(".")


def _key_of(path: str | Path) -> Key | None:
    try:
        return folder_key(str(path))
    except (OSError, ValueError):  # the path does not exist, or is not valid
        return None


def _comes_again(link: str | Path, targets: set[Key]) -> bool:
    """Tell whether the target of a link was found before, and add it to `targets`."""
    key = _key_of(link)
    if key in targets:
        return True
    if key is not None:
        targets.add(key)
    return False
