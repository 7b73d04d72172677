"""Encodes text as UTF-8; file names keep their bytes, and U+FFFD replaces other surrogates."""

import codecs

NAMES = "captioner.file-names"
"""The name of the error handler, which `str.encode` and `open` take as `errors`."""


def encoded(text: str) -> bytes:
    """Return a text's bytes."""
    return text.encode("utf-8", NAMES)


def displayed(text: str) -> str:
    """Return a text that any encoder accepts, with U+FFFD for bytes that are not UTF-8."""
    return encoded(text).decode("utf-8", "replace")


def _bytes_or_replacement(error: UnicodeError) -> tuple[str | bytes, int]:
    r"""Return the byte that a lone surrogate of a file name stands for (PEP 383), or U+FFFD."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    sign = error.object[error.start]
    byte = (
        sign.encode("ascii", "surrogateescape")
        if "\udc80" <= sign <= "\udcff"
        else "\ufffd".encode()
    )
    return byte, error.start + 1


codecs.register_error(NAMES, _bytes_or_replacement)
