"""Reads a text file or standard input as a string, by its byte-order mark or in UTF-8."""

import codecs
import re
import sys
from pathlib import Path

from captioner.errors import AnnotationError

STANDARD_INPUT = Path("-")
# Longer marks first, since UTF-32's begins like UTF-16's.
MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
"""The encoding of a text that begins with each byte-order mark."""
# Half of a surrogate pair, such as of an emoji that was cut.
LONE_SURROGATE = re.compile("[\ud800-\udfff]")
REPLACEMENT = "\ufffd"


def mark_of(content: bytes) -> bytes:
    """Return the byte-order mark at the beginning of a text; empty if there is none."""
    return next((mark for mark in MARKS if content.startswith(mark)), b"")


def read_text(file: Path) -> str:
    """Read a whole file of text, by its byte-order mark or in UTF-8; `-` is standard input.

    Raises:
        AnnotationError: It cannot be read, or is in another encoding.
    """
    try:
        content = _standard_input() if file == STANDARD_INPUT else file.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a name with a zero byte in it
        raise AnnotationError(
            f"{file}: cannot be read ({getattr(error, 'strerror', None) or error})"
        ) from error
    mark = mark_of(content)
    encoding = MARKS.get(mark, "utf-8")
    content = content.removeprefix(mark)
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count("\n".encode(encoding), 0, error.start) + 1
        raise AnnotationError(
            f"{file}, line {line}: not {encoding.upper()}; save it as text in UTF-8"
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise AnnotationError(
            f"{file}, line {line}: a zero byte, which no text has; save it as text in UTF-8"
        )
    return text


def whole_characters(text: str) -> str:
    """Replace each half of a character, which no text file can hold, by U+FFFD."""
    return LONE_SURROGATE.sub(REPLACEMENT, text)


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise OSError("standard input is closed")
    return sys.stdin.buffer.read()
