"""Checks where results are written, and writes files that appear only once they are whole.

A bad path is an error before the work starts. A full disk is an error in the middle of it.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TextIO

from captioner.errors import OutputError, UsageError
from captioner.outputs.encoding import NAMES
from captioner.outputs.special_files import check_special, is_special, open_special

LONGEST_NAME_BYTES = 143  # the limit of eCryptfs; other file systems allow 255
# Errors that would also affect the next file; any other error concerns one file alone.
OF_ALL_FILES = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.ENOMEM, errno.EMFILE, errno.ENFILE}
TEXT: dict[str, Any] = {"encoding": "utf-8", "errors": NAMES, "newline": ""}
"""The arguments with which text files are opened."""


@contextmanager
def output_errors(path: str | Path) -> Iterator[None]:
    """Turn an `OSError` that is raised while results are written into `OutputError`."""
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"{path}: results cannot be written ({error.strerror or error})"
        ) from error


def is_one_files_own(error: OutputError) -> bool:
    """Tell whether an error concerns one file alone, because of its name or folder."""
    return not (isinstance(error.__cause__, OSError) and error.__cause__.errno in OF_ALL_FILES)


def beside(path: Path, suffix: str) -> Path:
    """Return the path of a companion file: the name and a suffix, or a hash if that is too long."""
    name = path.name + suffix
    if len(os.fsencode(name)) > LONGEST_NAME_BYTES:
        name = f".{sha256(os.fsencode(path.name)).hexdigest()[:16]}{suffix}"
    return path.with_name(name)


def may_be_written(folder: str | Path) -> bool:
    """Tell whether files can be made in a folder."""
    return os.access(folder, os.W_OK | os.X_OK)


def check_place(path: str | Path) -> None:
    """Check that a file, or the target of a link, can be written, without changing anything.

    Raises:
        UsageError: The path is a folder, its folder is missing, or it may not be written.
    """
    if is_special(path):
        check_special(path)
        return
    if Path(path).is_dir():
        raise UsageError(f"{path} is a folder: name a file in it")
    path = _led_to(path)
    if not path.parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.parent}; make it first")
    if not may_be_written(path.parent):
        raise UsageError(f"{path}: cannot be written (Permission denied)")


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path; its file is renamed after the block, or removed if the block fails.

    An older file of the name survives a loss of power, since the new file is on the disk before it
    is renamed. A link stays, and its target is replaced; devices, pipes and standard output (`-`)
    get the whole content after the block.

    Raises:
        UsageError: As `check_place`.
        OutputError: Writing failed; an older file of the name is unchanged.
    """
    check_place(path)
    if is_special(path):
        with (
            output_errors(path),
            os.fdopen(open_special(path), "wb") as special,
            TemporaryDirectory() as folder,
        ):
            yield (part := Path(folder) / "part")
            with part.open("rb") as source:
                shutil.copyfileobj(source, special)
        return
    with output_errors(path), replacing(_led_to(path)) as part:
        yield part


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield a temporary path, whose file is safe on the disk before it replaces the target."""
    part = beside(target, ".part")
    try:
        yield part
        with part.open("rb+") as written:
            os.fsync(written.fileno())
        _put(part, target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@contextmanager
def written_whole(path: str | Path) -> Iterator[TextIO]:
    """Open a text file that appears under its name once complete, and not at all on failure.

    It is UTF-8; the bytes of file names are kept, and U+FFFD replaces all other lone surrogates.
    Devices, pipes and standard output (`-`) get the text as it is written.

    Raises:
        UsageError: As `check_place`.
        OutputError: Writing failed; an older file of the name is unchanged.
    """
    if is_special(path):
        with written_in_place(path) as stream:
            yield stream
        return
    with whole_file(path) as part:
        try:
            stream = part.open("w", **TEXT)
        except OSError as error:
            raise UsageError(f"{path}: cannot be written ({error.strerror})") from error
        with stream:
            yield stream


@contextmanager
def written_in_place(path: str | Path) -> Iterator[TextIO]:
    """Open a text file, device, pipe or standard output (`-`) that is written directly.

    Raises:
        UsageError: As `check_place`.
        OutputError: Writing failed.
    """
    check_place(path)
    target: Any = open_special(path) if is_special(path) else path
    with output_errors(path), open(target, "w", **TEXT) as stream:  # noqa: PTH123 (a path or a descriptor)
        yield stream


def _led_to(path: str | Path) -> Path:
    """Return the target of a link, which need not exist, or the path itself if it is no link.

    Raises:
        UsageError: The link leads to itself.
    """
    target = Path(os.path.realpath(path)) if os.path.islink(path) else Path(path)  # noqa: PTH114 (a name may be too long)
    if target.is_symlink():
        raise UsageError(f"{path} is a link that leads to itself")
    return target


def _put(part: Path, target: Path) -> None:
    """Rename a part file to the target.

    If a container has mounted the target itself, only its content can be replaced.
    """
    try:
        part.replace(target)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        shutil.copyfile(part, target)
        part.unlink()
