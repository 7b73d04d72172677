"""Where results touch the disk: a bad path is an error before the work starts, a full disk is one in the middle."""

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


def create(path: str | Path) -> TextIO:
    """Open a text file for writing, as UTF-8; lone surrogates become the bytes that they stand for.

    Raises:
        UsageError: The path is a folder, its folder is missing, or it may not be written.
    """
    return _opened(Path(path), Path(path))


@contextmanager
def written_whole(path: str | Path) -> Iterator[TextIO]:
    """Open a text file that appears under its name when all is written, and not at all if that fails.

    Raises:
        UsageError: As `create`.
        OutputError: Writing failed; an older file of the name is as it was.
    """
    path = Path(path)
    part = path.with_name(f"{path.name}.part")
    stream = _opened(path, part)
    try:
        with output_errors(path):
            with stream:
                yield stream
            part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _opened(path: Path, file: Path) -> TextIO:
    if path.is_dir():
        raise UsageError(f"{path} is a folder: name a file in it")
    if not path.parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.parent}; make it first")
    try:
        return file.open("w", encoding="utf-8", errors="surrogateescape", newline="")
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror})") from error
