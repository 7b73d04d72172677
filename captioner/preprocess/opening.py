"""Opens a file that the user named, and turns system and decoder errors into the project's own."""

import importlib
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import IO, Any, TypeGuard

from captioner.errors import (
    CorruptFileError,
    FileMissingError,
    FileTooLargeError,
    InputError,
    MissingExtraError,
    UnsupportedFileError,
)
from captioner.preprocess.fetching import fetched, is_elsewhere

FileSource = str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes]
"""A file: its path, its bytes, or a file object that is open for reading bytes."""

HEAD_BYTES = 4096
PROJECTS = {"av": "PyAV", "webvtt": "webvtt-py"}


def is_file_source(given: object) -> TypeGuard[FileSource]:
    """Tell whether something is a path, the bytes of a file, or an open file."""
    return isinstance(given, str | os.PathLike | bytes | bytearray | memoryview) or hasattr(
        given, "read"
    )


@contextmanager
def open_source(source: Any, what: str, wanted: str) -> Iterator[tuple[Any, str | Path]]:
    """Open a file source; yield the file at its beginning, and its name for messages.

    Args:
        source: A path, bytes, or an open file, which stays open.
        what: What was expected, such as a photo, for messages.
        wanted: What may be given, for messages.

    Raises:
        FileMissingError: Nothing is there, or it may not be read.
        UnsupportedFileError: It is no regular file.
        InputError: It is no file source, or is open as text.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        yield io.BytesIO(source), "<bytes>"
    elif isinstance(source, str | Path):
        with open_regular(source, what) as stream:
            yield stream, source
    elif isinstance(source, os.PathLike):
        path = os.fsdecode(source)
        with open_regular(path, what) as stream:
            yield stream, path
    elif hasattr(source, "read"):
        name = source.name if isinstance(getattr(source, "name", None), str) else "<file>"
        yield _rewound(source, name), name
    else:
        raise InputError(f"<{type(source).__name__}>", f"give {wanted}")


def _rewound(file: Any, name: str) -> Any:
    """Rewind an open file; one that cannot be rewound is read from where it is."""
    try:
        if isinstance(file, io.TextIOBase):
            raise InputError(name, "it is open as text: open it with mode 'rb'")
        if file.seekable():
            file.seek(0)
            return file
        content = file.read()
    except InputError:
        raise
    except Exception as error:  # a closed file, a broken connection
        raise FileMissingError(name, f"cannot be read ({error})") from error
    if not isinstance(content, bytes):
        raise InputError(name, f"it gives {type(content).__name__}, and bytes are needed")
    return io.BytesIO(content)


def open_regular(path: str | Path, what: str) -> BytesIO | BufferedReader:
    """Open a regular file, but no pipe or device, which could block for ever.

    Args:
        path: The file; a string may also be an `http` or `https` address, which is fetched, or `-`
            for standard input.
        what: What was expected, such as a photo, for messages.

    Raises:
        FileMissingError: Nothing is there, or it may not be read.
        FileTooLargeError: It is too large to be fetched.
        UnsupportedFileError: It is no regular file.
    """
    if isinstance(path, str) and is_elsewhere(path):
        return fetched(path).open("rb")
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
    except (OSError, ValueError) as error:  # a long name, a loop of links, a null character
        raise FileMissingError(path, f"cannot be opened ({error})") from error


def head_of(stream: BytesIO | BufferedReader, name: str | Path) -> bytes:
    """Return a file's first bytes, which identify its kind, and rewind it.

    Raises:
        FileMissingError: It cannot be read.
        CorruptFileError: It is empty.
    """
    try:
        head = stream.read(HEAD_BYTES)
        stream.seek(0)
    except OSError as error:  # a broken disk, a lost network
        raise FileMissingError(name, f"cannot be read ({error.strerror or error})") from error
    if not head:
        raise CorruptFileError(name, "the file is empty")
    return head


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
def decoding(
    name: str | Path, what: str, too_large: tuple[type[Exception], ...] = (MemoryError,)
) -> Iterator[None]:
    """Turn decoders' exceptions, which may be of nearly any type, into the project's errors.

    Args:
        name: The file.
        what: What to call it if it cannot be decoded, such as a broken MP4 file.
        too_large: The exceptions that the decoder raises for lack of memory.

    Raises:
        FileTooLargeError: There is not enough memory for the file.
        CorruptFileError: The decoder raised anything else.
    """
    try:
        yield
    except (InputError, MissingExtraError):
        raise
    except too_large as error:
        raise FileTooLargeError(name, f"too large for the memory ({error})") from error
    except Exception as error:
        raise CorruptFileError(name, f"{what} ({str(error) or type(error).__name__})") from error
