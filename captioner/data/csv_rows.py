"""Splits a text table into rows of fields, and says on which line each row begins."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from captioner.errors import AnnotationError

UNQUOTED = "\t|"  # in tables with these delimiters, quotes often belong to a text


def csv_rows(text: str, file: Path, delimiter: str = ",") -> list[tuple[int, list[str]]]:
    """Return the line where each row begins, and its fields; blank lines are skipped.

    A space after a delimiter is not part of the field, so a quote may follow it. A field may be as
    long as the file.

    Args:
        text: The file's content.
        file: The file, for messages.
        delimiter: The sign between fields.

    Raises:
        AnnotationError: A quote is never closed, or text follows a closing quote.
    """
    try:
        return list(_parsed(text, file, delimiter, has_quotes=True))
    except AnnotationError:
        if delimiter not in UNQUOTED:
            raise
        return list(_parsed(text, file, delimiter, has_quotes=False))


def _parsed(
    text: str, file: Path, delimiter: str, *, has_quotes: bool
) -> Iterator[tuple[int, list[str]]]:
    lines = io.StringIO(text, newline="")
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if has_quotes else csv.QUOTE_NONE
    rows = csv.reader(
        lines, delimiter=delimiter, quoting=quoting, skipinitialspace=delimiter != "\t", strict=True
    )
    start = 1
    with _fields_up_to(len(text)):
        try:
            for row in rows:
                if row:
                    yield start, row
                start = rows.line_num + 1
        except csv.Error as error:
            reason = (
                f"not valid CSV ({error}); close each double quote, and double those inside a"
                " quoted text"
            )
            raise AnnotationError(f"{file}, line {start}: {reason}") from error


@contextmanager
def _fields_up_to(length: int) -> Iterator[None]:
    """Lift the csv module's limit of 131,072 characters a field for the whole process."""
    before = csv.field_size_limit(max(length, csv.field_size_limit()))
    try:
        yield
    finally:
        csv.field_size_limit(before)
