"""A whole file of text, or standard input, to a string that holds nothing but characters."""

import codecs
import re
import sys
from pathlib import Path

from captioner.errors import AnnotationError

STANDARD_INPUT = Path("-")
LONE_SURROGATE = re.compile(
    "[\ud800-\udfff]"
)  # half of a pair of UTF-16, as of an emoji that was cut
REPLACEMENT = "\ufffd"


def read_text(file: Path) -> str:
    """Read a text file in UTF-8, or in UTF-16 with its byte-order mark; `-` is standard input.

    Raises:
        AnnotationError: It cannot be read, or is in another encoding.
    """
    try:
        content = _standard_input() if file == STANDARD_INPUT else file.read_bytes()
    except (OSError, ValueError) as error:  # of a name with a zero byte in it, ValueError
        raise AnnotationError(
            f"{file}: cannot be read ({getattr(error, 'strerror', None) or error})"
        ) from error
    is_utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = content.decode("utf-16" if is_utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise AnnotationError(
            f"{file}, line {line}: not UTF-8; save it as text in UTF-8"
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise AnnotationError(
            f"{file}, line {line}: a zero byte, which no text has; save it as text in UTF-8"
        )
    return text


def whole_characters(text: str) -> str:
    """Return a text with U+FFFD for each half of a character, which no text file can hold."""
    return LONE_SURROGATE.sub(REPLACEMENT, text)


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise OSError("standard input is closed")
    return sys.stdin.buffer.read()
