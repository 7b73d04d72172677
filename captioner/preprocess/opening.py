"""Opens what the user named, a regular file or an error that says what else it is; names what decoders then raise."""

import importlib
import io
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import Any

from captioner.errors import (
    CorruptFileError,
    FileMissingError,
    FileTooLargeError,
    InputError,
    MissingExtraError,
    UnsupportedFileError,
)

HEAD_BYTES = 4096
PROJECTS = {"av": "PyAV"}


def open_regular(path: str | Path, what: str) -> BytesIO | BufferedReader:
    """Open a regular file; a pipe or a device might block for ever, so it is not even tried.

    Args:
        path: The file.
        what: What was expected, such as a photo, for messages.

    Raises:
        FileMissingError: Nothing is there, or it may not be read.
        UnsupportedFileError: It is no regular file.
    """
    try:
        mode = Path(path).stat().st_mode
        if stat.S_ISDIR(mode):
            raise UnsupportedFileError(path, f"a folder, not a {what}")
        if not stat.S_ISREG(mode):
            raise UnsupportedFileError(path, "a pipe, socket or device, not a regular file")
        return Path(path).open("rb")
    except FileNotFoundError as error:
        raise FileMissingError(path, "no such file") from error
    except PermissionError as error:
        raise FileMissingError(path, "may not be read (permission denied)") from error
    except (OSError, ValueError) as error:  # a name too long, a loop of links, a null character
        raise FileMissingError(path, f"cannot be opened ({error})") from error


def head_and_size(stream: BytesIO | BufferedReader, name: str) -> tuple[bytes, int]:
    """Return a file's first bytes, by which its kind is known, and its size; it is then at its beginning again.

    Raises:
        FileMissingError: It cannot be read.
        CorruptFileError: It is empty.
    """
    try:
        head = stream.read(HEAD_BYTES)
        size = stream.seek(0, io.SEEK_END)
        stream.seek(0)
    except OSError as error:  # a broken disk, a network that is gone
        raise FileMissingError(name, f"cannot be read ({error.strerror or error})") from error
    if not head:
        raise CorruptFileError(name, "the file is empty")
    return head, size


def import_library(library: str, extra: str) -> Any:
    """Import a library that an extra of captioner installs.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        return importlib.import_module(library)
    except ModuleNotFoundError as error:
        raise MissingExtraError(PROJECTS.get(library, library), extra) from error


@contextmanager
def decoding(name: str, what: str) -> Iterator[None]:
    """Turn what a decoder raises into the project's errors; decoders raise nearly every kind of exception.

    Args:
        name: The file.
        what: What it is if it cannot be decoded, such as a broken MP4 file.

    Raises:
        FileTooLargeError: There is not enough memory for it.
        CorruptFileError: The decoder raised anything else.
    """
    try:
        yield
    except (InputError, MissingExtraError):
        raise
    except MemoryError as error:
        raise FileTooLargeError(name, f"too large for the memory ({error})") from error
    except Exception as error:
        raise CorruptFileError(name, f"{what} ({str(error) or type(error).__name__})") from error
