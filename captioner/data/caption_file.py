"""Reads the rows of a caption file, in whichever known format its content is."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from captioner.data.caption_json import read_caption_json
from captioner.data.caption_row import CaptionRow
from captioner.data.caption_table import (
    DELIMITER_LINE,
    DELIMITERS,
    TOKEN_LINE,
    Header,
    fields_of,
    is_name,
    read_caption_table,
    read_token_txt,
)
from captioner.data.text_file import whole_characters
from captioner.errors import AnnotationError

JSON_START = re.compile(r'[{\[]\s*(?:["{}\[\]]|$)')  # not [laughter]
TWO_COLUMNS = Header(("image", "caption"))
# So many lines with equally many commas each are a table, not prose; other signs need two lines.
FEWEST_WITH_COMMAS = 3
LOOKED_AT = 10_000  # the first lines, by which a table is recognised


def named_rows(text: str, file: Path) -> Iterator[CaptionRow] | None:
    """Read a file that names the photo of each caption.

    Known formats are the JSON of COCO, of Karpathy and of others (`read_caption_json`); CSV whose
    header names a column of photos and one of captions, with commas, semicolons, tabs or bars
    between them; two columns without a header, where the first holds only names of photos, or
    numbers followed by tabs; and Flickr8k's token.txt.

    Args:
        text: The file's content.
        file: The file, for messages.

    Returns:
        The rows, without halves of characters; None where no line names a photo in a known way.

    Raises:
        AnnotationError: While they are read, if the file is malformed.
    """
    rows = _rows(text, file)
    return None if rows is None else map(_of_whole_characters, rows)


def _rows(text: str, file: Path) -> Iterable[CaptionRow] | None:
    first = first_line(text)
    if JSON_START.match(first):
        return read_caption_json(text, first, file)
    if TOKEN_LINE.fullmatch(first):
        return read_token_txt(text, file)
    lines, delimiters = _table_lines(text)
    for delimiter in delimiters if lines else ():
        header = Header.of(fields_of(lines[0], delimiter))
        if len(header.names) > 1 and header.photo and header.captions:
            return read_caption_table(text, file, delimiter)
    for delimiter in delimiters if lines else ():
        if _has_names_first(lines, delimiter):
            return read_caption_table(text, file, delimiter, TWO_COLUMNS)
    return None


def check_plain(text: str, file: Path) -> None:
    """Check that lines that name no photo do not look like a table.

    Raises:
        AnnotationError: They do: the first is the name of a column, or all have equally many of a
            delimiter, or begin with the name of a photo.
    """
    answer = (
        "is this a table? Then its first line must name the columns, as in image,caption. Or are"
        " these captions, one a line? Then say so by --plain"
    )
    lines, delimiters = _table_lines(text)
    if not lines:
        return
    if " " not in lines[0] and Header.of([lines[0].strip('"')]).captions:
        raise AnnotationError(f"{file}, line 1: {lines[0]!r} is what a column is called; {answer}")
    if all(is_name(line.split()[0]) for line in lines):
        raise AnnotationError(
            f"{file}: each line begins with the name of a photo, as in {lines[0][:60]!r}; {answer}"
        )
    for delimiter in delimiters:
        rows = [fields_of(line, delimiter) for line in lines]
        several = (
            list(csv.reader(lines, delimiter=delimiter, skipinitialspace=True))
            if '"' in text
            else rows
        )
        if _is_table(rows, delimiter) or _is_table(several, delimiter):
            number = len(rows[0]) - 1
            signs = f"{number} {DELIMITERS.get(delimiter, delimiter)}{'s' if number > 1 else ''}"
            raise AnnotationError(
                f"{file}: each line has {signs}, as in {lines[0][:60]!r}; {answer}"
            )


def _is_table(rows: Sequence[Sequence[str]], delimiter: str) -> bool:
    """Tell whether all rows have equally many fields that are unlikely to be equal by accident."""
    if len({len(row) for row in rows}) != 1 or len(rows[0]) == 1 or len(rows) < 2:
        return False
    enough = len(rows) >= (FEWEST_WITH_COMMAS if delimiter == "," else 2)
    return enough or any(all(map(is_name, column[1:])) for column in zip(*rows, strict=True))


def _table_lines(text: str) -> tuple[list[str], list[str]]:
    """Return the first lines of a possible table, and the possible separators of its columns."""
    lines = list(islice(filter(None, _lines(text)), LOOKED_AT))
    told = DELIMITER_LINE.fullmatch(lines[0]) if lines else None
    return (lines[1:], [told["delimiter"]]) if told else (lines, list(DELIMITERS))


def first_line(text: str) -> str:
    """Return the first line that is not blank, without splitting all of a large file."""
    return next((line for line in _lines(text) if line), "")


def _lines(text: str) -> Iterator[str]:
    return (match[0].strip() for match in re.finditer(r"[^\r\n]+", text))


def _has_names_first(lines: Sequence[str], delimiter: str) -> bool:
    """Tell whether two columns need no header.

    Either the first column has only photo names, or it has only numbers, followed by tabs.
    """
    rows = [line.split(delimiter, 1) for line in lines]
    if any(len(row) != 2 for row in rows):
        return False
    are_numbers = delimiter == "\t" and all(name.isascii() and name.isdecimal() for name, _ in rows)
    return are_numbers or all(is_name(name.strip().strip('"')) for name, _ in rows)


def _of_whole_characters(row: CaptionRow) -> CaptionRow:
    if row.caption is None or row.caption.isascii():
        return row
    return row._replace(caption=whole_characters(row.caption))
