"""Where results touch the disk: a bad path is an error before the work starts, a full disk is one in the middle."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TextIO

from captioner.errors import OutputError, UsageError

LONGEST_NAME_BYTES = 143  # eCryptfs; other disks take 255
# What befalls whichever file is written next, too; an error of any other kind is one file's own.
OF_ALL_FILES = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.ENOMEM, errno.EMFILE, errno.ENFILE}


@contextmanager
def output_errors(path: str | Path) -> Iterator[None]:
    """Turn what the system raises while results are written into `OutputError`."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path}: results cannot be written ({error.strerror or error})") from error


def is_one_files_own(error: OutputError) -> bool:
    """Tell whether other files can be written though this one could not, for its name or its folder."""
    return not (isinstance(error.__cause__, OSError) and error.__cause__.errno in OF_ALL_FILES)


def beside(path: Path, suffix: str) -> Path:
    """Return the path of a file that goes with another: its name and the suffix, or a short name for a long one."""
    name = path.name + suffix
    if len(os.fsencode(name)) > LONGEST_NAME_BYTES:
        name = f".{sha256(os.fsencode(path.name)).hexdigest()[:16]}{suffix}"
    return path.with_name(name)


def may_be_written(folder: str | Path) -> bool:
    """Tell whether files can be made in a folder."""
    return os.access(folder, os.W_OK | os.X_OK)


def check_place(path: str | Path) -> None:
    """See that a file of this name can be written, without touching it.

    Raises:
        UsageError: The path is a folder, its folder is missing, or it may not be written.
    """
    path = Path(path)
    if path.is_dir():
        raise UsageError(f"{path} is a folder: name a file in it")
    if not path.parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.parent}; make it first")
    if not may_be_written(path.parent):
        raise UsageError(f"{path}: cannot be written (Permission denied)")


@contextmanager
def whole_file(path: str | Path) -> Iterator[Path]:
    """Yield the path of a part file, which gets its name when the block is done, and vanishes if that fails.

    What is there under the name outlives a loss of power: first the new file is on the disk, then it gets the name.

    Raises:
        UsageError: As `check_place`.
        OutputError: Writing failed; an older file of the name is as it was.
    """
    path = Path(path)
    check_place(path)
    part = beside(path, ".part")
    try:
        with output_errors(path):
            yield part
            with part.open("rb+") as written:
                os.fsync(written.fileno())
            part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@contextmanager
def written_whole(path: str | Path) -> Iterator[TextIO]:
    """Open a text file that appears under its name when all is written, and not at all if that fails.

    It is UTF-8; lone surrogates become the bytes that they stand for.

    Raises:
        UsageError: As `check_place`.
        OutputError: Writing failed; an older file of the name is as it was.
    """
    with whole_file(path) as part:
        try:
            stream = part.open("w", encoding="utf-8", errors="surrogateescape", newline="")
        except OSError as error:
            raise UsageError(f"{path}: cannot be written ({error.strerror})") from error
        with stream:
            yield stream
