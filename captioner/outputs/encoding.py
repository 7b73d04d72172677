"""How texts become bytes: UTF-8, in which a file name's own bytes stay, and U+FFFD stands for half of a character."""

import codecs

NAMES = "captioner.file-names"
"""What `str.encode` and `open` take as `errors`."""


def encoded(text: str) -> bytes:
    """Return a text's bytes."""
    return text.encode("utf-8", NAMES)


def displayed(text: str) -> str:
    """Return a text that any encoder takes: U+FFFD stands for each byte of a file name that is no UTF-8, too."""
    return encoded(text).decode("utf-8", "replace")


def _bytes_or_replacement(error: UnicodeError) -> tuple[str | bytes, int]:
    r"""Give the byte for which a lone surrogate stands in a file name (PEP 383), or U+FFFD for any other."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    sign = error.object[error.start]
    byte = sign.encode("ascii", "surrogateescape") if "\udc80" <= sign <= "\udcff" else "\ufffd".encode()
    return byte, error.start + 1


codecs.register_error(NAMES, _bytes_or_replacement)
