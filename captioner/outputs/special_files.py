"""Handles outputs that are not files on a disk: devices, pipes and standard output."""

import errno
import os
import re
import stat
import sys
import time
from pathlib import Path

from captioner.errors import UsageError
from captioner.terminal import check_output

STANDARD_OUTPUT = Path("-")
# Names of streams that are open already; opening one anew would overwrite what others have written.
DESCRIPTOR = re.compile(r"-|/dev/(?P<name>stdout|stderr)|/(?:dev|proc/self)/fd/(?P<number>\d{1,9})")
NUMBERS = {"stdout": 1, "stderr": 2}
READER_COMES_IN_S = 10.0
"""Seconds to wait for the reader of a pipe; in `captioner ... & cat pipe`, both start at once."""


def is_special(path: str | Path) -> bool:
    """Tell whether a path is a device, a pipe or an open stream, which is written directly.

    Raises:
        UsageError: The path is a disk or a socket.
    """
    if DESCRIPTOR.fullmatch(str(path)):
        return True
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return False
    if stat.S_ISBLK(mode) or stat.S_ISSOCK(mode):
        raise UsageError(f"{path} is a {'disk' if stat.S_ISBLK(mode) else 'socket'}: name a file")
    return stat.S_ISCHR(mode) or stat.S_ISFIFO(mode)


def check_special(path: str | Path) -> None:
    """Check that a special file can be written.

    Raises:
        UsageError: It cannot.
    """
    number = _descriptor(path)
    if number == NUMBERS["stdout"]:
        check_output()
    try:
        if number is not None:
            os.fstat(number)
        elif not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        name = "standard output" if Path(path) == STANDARD_OUTPUT else path
        raise UsageError(f"{name}: cannot be written ({error.strerror})") from error


def open_special(path: str | Path) -> int:
    """Open a special file, and return its descriptor.

    Raises:
        UsageError: It cannot be opened, or nobody reads the pipe.
    """
    check_special(path)
    number = _descriptor(path)
    if number is not None:
        if sys.stdout is not None:
            sys.stdout.flush()
        return os.dup(number)
    until = time.monotonic() + READER_COMES_IN_S
    while True:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
        except OSError as error:
            if error.errno != errno.ENXIO or not Path(path).is_fifo():
                raise UsageError(f"{path}: cannot be written ({error.strerror})") from error
            if time.monotonic() > until:
                raise UsageError(
                    f"{path}: nobody reads this pipe; let its reader begin first"
                ) from error
            time.sleep(0.05)
        else:
            os.set_blocking(descriptor, True)
            return descriptor


def _descriptor(path: str | Path) -> int | None:
    found = DESCRIPTOR.fullmatch(str(path))
    if found is None:
        return None
    return int(found["number"]) if found["number"] else NUMBERS[found["name"] or "stdout"]
