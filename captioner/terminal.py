"""Writes to the standard streams: one line per message, with control characters escaped."""

import codecs
import errno
import io
import os
import re
import sys
from pathlib import Path
from typing import TextIO

from captioner.errors import OutputError, UsageError

# Control characters, ends of lines, and those that turn the direction of the text around them.
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
NAMES_AS_THEY_ARE = "captioner.names"  # how characters are handled that an encoding lacks


_untold: list[OSError] = []  # errors of `print_told`, which `flush_output` raises


def open_streams() -> None:
    """Make standard streams safe to write to, whatever was closed and whatever their encoding is.

    A closed stream's number would go to the next file that is opened, and what a library prints
    would end up there. `sys.stdin` stays None where it was closed, so that who reads it can say so.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # it gets the lowest free number, which is this one
        if number and getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 (until the process ends)
    codecs.register_error(NAMES_AS_THEY_ARE, _bytes_or_escapes)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace" if stream.isatty() else NAMES_AS_THEY_ARE)


def _bytes_or_escapes(error: UnicodeError) -> tuple[str | bytes, int]:
    r"""Write bytes of a file name to a pipe as they are, and other characters as `\u72ac`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    sign, after = error.object[error.start], error.start + 1
    if "\udc80" <= sign <= "\udcff" and not error.encoding.lower().startswith(("utf-16", "utf-32")):
        return sign.encode("ascii", "surrogateescape"), after
    return sign.encode("ascii", "backslashreplace").decode(), after


def printable(text: str) -> str:
    r"""Escape what would break a line or control a terminal, such as `\n` and `\x1b`."""
    return UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def output_is_closed() -> bool:
    """Tell whether standard output was closed when the program began."""
    return getattr(sys.stdout, "name", None) == os.devnull


def check_output() -> None:
    """Check that standard output can be written, before work whose results go nowhere else.

    Raises:
        UsageError: It is closed.
    """
    if output_is_closed():
        raise UsageError(
            "standard output is closed, and results would go nowhere else: open it, or name a file"
        )


def print_row(*fields: str) -> None:
    """Print fields with tabs between them, as one line on standard output.

    Raises:
        OutputError: It cannot be written.
    """
    print_text(_row(fields))


def print_told(*fields: str) -> None:
    """Print fields as `print_row` does, where files hold the results themselves.

    An error does not end the work: the reader may have left, and `flush_output` raises any other
    error at the end.
    """
    try:
        print(_row(fields), flush=True)
    except OSError as error:
        _drop(sys.stdout)
        if error.errno != errno.EPIPE:
            _untold.append(error)


def print_text(text: str) -> None:
    """Print a text of our own making, which may have several lines, on standard output.

    Raises:
        OutputError: It cannot be written.
        BrokenPipeError: Whoever read it has ended.
    """
    if output_is_closed():
        raise OutputError("standard output is closed: results cannot be written")
    try:
        print(text, flush=True)
    except OSError as error:
        _give_up_output(error)


def flush_output() -> None:
    """Hand on what is still in standard output's buffer, at the end of the work.

    Raises:
        OutputError: That cannot be written, or something before it could not.
        BrokenPipeError: Whoever read it has ended.
    """
    try:
        sys.stdout.flush()
    except OSError as error:
        _give_up_output(error)
    if _untold:
        _give_up_output(_untold.pop())


def _give_up_output(error: OSError) -> None:
    _drop(sys.stdout)
    if error.errno == errno.EPIPE:
        raise error
    raise OutputError(
        f"standard output: results cannot be written ({error.strerror or error})"
    ) from error


def _row(fields: tuple[str, ...]) -> str:
    return "\t".join(map(printable, fields))


def print_note(text: str) -> None:
    """Print one line on standard error; if that is closed, nobody is there to read it."""
    print_notes(printable(text))


def print_notes(text: str) -> None:
    """Say several lines of our own making on standard error."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        _drop(sys.stderr)


def _drop(stream: TextIO) -> None:
    """Send a stream nowhere: what is in its buffer would fail once more when the process ends."""
    if isinstance(stream, io.TextIOWrapper):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
