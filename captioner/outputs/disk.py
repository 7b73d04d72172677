"""Where results touch the disk: a bad path is an error before the work starts, a full disk is one in the middle."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from captioner.errors import OutputError, UsageError


@contextmanager
def output_errors(path: str | Path) -> Iterator[None]:
    """Turn what the system raises while results are written into `OutputError`."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"{path}: results cannot be written ({error.strerror or error})") from error


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
    if not os.access(path.parent, os.W_OK | os.X_OK):
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
    part = path.with_name(f"{path.name}.part")
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
