"""Reads captions from a Parquet table, such as `captioner caption` writes."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from captioner.data.caption_fields import CAPTION_FIELDS, ID_FIELDS, NAME_FIELDS, caption_rows
from captioner.data.caption_row import CaptionRow
from captioner.errors import AnnotationError, MissingExtraError

MAGIC = b"PAR1"  # with which every Parquet file begins
FILE_BYTES = "file_bytes"  # the name's bytes on the disk, which may not be valid text for Parquet


def is_parquet(file: Path) -> bool:
    """Tell by its first bytes whether a file is a Parquet table."""
    try:
        with file.open("rb") as stream:
            return stream.read(len(MAGIC)) == MAGIC
    except (OSError, ValueError):  # the reader will say what is wrong
        return False


def read_caption_parquet(file: Path) -> Iterator[CaptionRow]:
    """Read the columns of photo names and captions, and `error`; others are ignored.

    Raises:
        MissingExtraError: pyarrow is not installed.
        AnnotationError: The file is broken, or a row has no photo or no caption.
    """
    try:
        import pyarrow
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise MissingExtraError("pyarrow", "parquet") from error
    try:
        table = ParquetFile(file)
        known = {*NAME_FIELDS, *ID_FIELDS, *CAPTION_FIELDS, "error", FILE_BYTES}
        columns = [name for name in table.schema_arrow.names if name in known]
        number = 0
        for batch in table.iter_batches(columns=columns):
            for entry in batch.to_pylist():
                number += 1
                yield from caption_rows(_with_name(entry), f"{file}, row {number}")
    except (pyarrow.ArrowException, OSError) as error:
        raise AnnotationError(f"{file}: no Parquet table that can be read ({error})") from error


def _with_name(entry: dict[str, Any]) -> dict[str, Any]:
    named = entry.pop(FILE_BYTES, None)
    return {**entry, "file": os.fsdecode(named)} if isinstance(named, bytes) else entry
