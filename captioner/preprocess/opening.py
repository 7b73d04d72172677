"""Opens what the user named, before anything is decoded: a regular file, or an error that says what else it is."""

import stat
from io import BufferedReader, BytesIO
from pathlib import Path

from captioner.errors import FileMissingError, UnsupportedFileError


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
