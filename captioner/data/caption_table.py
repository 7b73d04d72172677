"""Reads captions from a table: CSV or similar, two columns without header, or `token.txt`."""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from captioner.data.caption_fields import (
    CAPTION_FIELDS,
    ID_FIELDS,
    NAME_FIELDS,
    file_name_of,
    names_in,
    texts_of,
)
from captioner.data.caption_row import CaptionRow
from captioner.data.csv_rows import csv_rows
from captioner.errors import AnnotationError
from captioner.preprocess.kinds import is_clip_name, is_photo_name

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
TOKEN_LINE = re.compile(r"(?P<image>[^\t]+)#\d+\t(?P<caption>.*)")
LIST = re.compile(r"\[\s*[\"'].*[\"']\s*\]", re.DOTALL)  # of captions, in a cell
NUMBERED = re.compile(r"[ _]?\d+$")  # of caption_1, caption_2
DELIMITER_LINE = re.compile(r"sep=(?P<delimiter>.)", re.IGNORECASE)  # with which Excel is told


@dataclass(frozen=True)
class Header:
    """The names of a table's columns in lower case, with `_` for inner spaces and hyphens."""

    names: tuple[str, ...]

    @classmethod
    def of(cls, fields: Iterable[str]) -> "Header":
        """Make it of the first row's fields."""
        return cls(tuple(re.sub(r"[ -]+", "_", field.strip().lower()) for field in fields))

    @property
    def captions(self) -> list[int]:
        """The columns that hold captions: one, or several with numbers behind their name."""
        for field in CAPTION_FIELDS:
            found = [
                column for column, name in enumerate(self.names) if NUMBERED.sub("", name) == field
            ]
            if found:
                return found
        return []

    @property
    def photo(self) -> str | None:
        """The first name of a column that names photos."""
        return next((field for field in NAME_FIELDS + ID_FIELDS if field in self.names), None)


def fields_of(line: str, delimiter: str) -> list[str]:
    """Split one line; quotes that are not closed on it belong to a caption."""
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return line.split(delimiter)


def read_caption_table(
    text: str, file: Path, delimiter: str, header: Header | None = None
) -> Iterator[CaptionRow]:
    """Read the columns of photo names and captions, and `error`; others are ignored.

    Args:
        text: The file's content.
        file: The file, for messages.
        delimiter: The sign between columns.
        header: Names of the columns, where the table does not begin with them.

    Raises:
        AnnotationError: A row has too many or too few fields, names no photo, or opens a quote that
            is never closed.
    """
    for start, row in csv_rows(text, file, delimiter):
        if start == 1 and DELIMITER_LINE.fullmatch(delimiter.join(row).strip()):
            continue
        if header is None:
            header = Header.of(row)
            _check(header.names, f"{file}, line {start}")
            continue
        where = f"{file}, line {start}"
        if len(row) != len(header.names):
            hint = (
                f"put a caption that holds a {DELIMITERS.get(delimiter, 'sign')} in double quotes"
            )
            problem = f"{len(row)} fields, the header has {len(header.names)}"
            raise AnnotationError(
                f"{where}: {problem}; {hint if len(row) > len(header.names) else 'add it'}"
            )
        entry = {name: value.strip() or None for name, value in zip(header.names, row, strict=True)}
        if not any(entry.get(field) for field in NAME_FIELDS + ID_FIELDS):
            raise AnnotationError(f"{where}: no photo is named; fill the column `{header.photo}`")
        name, *others = names_in(entry, where)
        error = entry.get("error") or ""
        for column in header.captions:
            for caption in [None] if error else _texts_in(row[column], where):
                yield CaptionRow(
                    file_name_of(name), caption, name, other_names=tuple(others), error=error
                )


def _texts_in(cell: str, where: str) -> list[str]:
    """Return the caption in a cell, or the captions of a list in JSON, as in Flickr30k's tables.

    Raises:
        AnnotationError: It is a list as Python prints it, whose quotes are ambiguous.
    """
    if not LIST.fullmatch(cell.strip()):
        return [cell]
    try:
        return texts_of(json.loads(cell), where)
    except ValueError as error:
        raise AnnotationError(
            f"{where}: a list that is not JSON ({cell.strip()[:60]}); write it as JSON, or a column"
            " for each caption"
        ) from error


def _check(header: Sequence[str], where: str) -> None:
    """Check that no column that is read occurs twice."""
    twice = [
        name
        for name in header
        if header.count(name) > 1 and name in NAME_FIELDS + ID_FIELDS + CAPTION_FIELDS
    ]
    if twice:
        raise AnnotationError(
            f"{where}: two columns are called {twice[0]}; which is meant? Rename the other"
        )


def read_token_txt(text: str, file: Path) -> Iterator[CaptionRow]:
    """Read lines of `photo.jpg#0<TAB>caption`, as Hodosh et al. 2013 publish Flickr8k.

    Args:
        text: The file's content.
        file: The file, for messages.

    Raises:
        AnnotationError: A line is not of this form.
    """
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        match = TOKEN_LINE.fullmatch(line.rstrip("\r"))
        if match is None:
            raise AnnotationError(
                f"{file}, line {number}: write photo.jpg#0, a tab, and the caption (here:"
                f" {line[:60]!r})"
            )
        yield CaptionRow(match["image"], match["caption"], match["image"])


def is_name(field: str) -> bool:
    """Tell whether a field can be nothing but the name of a photo or clip."""
    return is_photo_name(field.strip()) or is_clip_name(field.strip())
