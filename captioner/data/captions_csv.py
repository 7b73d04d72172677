"""Reads captions from a table of text: CSV with the columns `image,caption`, or Flickr8k's `token.txt`."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from captioner.data.caption_row import CaptionRow
from captioner.errors import AnnotationError

COLUMNS = ("image", "caption")
TOKEN_LINE = re.compile(r"(?P<image>[^\t]+)#\d+\t(?P<caption>.*)")


def read_captions_csv(text: str, file: Path) -> Iterator[CaptionRow]:
    """Read the columns `image` and `caption`; others are passed over.

    Args:
        text: The file's content.
        file: The file, for messages.

    Raises:
        AnnotationError: A row has too many or too few fields, names no photo, or opens a quote that is never closed.
    """
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] = []
    start = 1
    try:
        for row in rows:
            if row and not header:
                header = [field.strip().lower() for field in row]
                image, caption = (header.index(column) for column in COLUMNS)
            elif row:
                if len(row) != len(header):
                    hint = "put a caption that holds a comma in double quotes" if len(row) > len(header) else "add it"
                    raise AnnotationError(
                        f"{file}, line {start}: {len(row)} fields, the header has {len(header)}; {hint}"
                    )
                if not (name := row[image].strip()):
                    raise AnnotationError(f"{file}, line {start}: no photo is named; fill the column `image`")
                yield CaptionRow(name, row[caption], name)
            start = rows.line_num + 1
    except csv.Error as error:
        reason = f"not valid CSV ({error}); close each double quote, and double those inside a quoted caption"
        raise AnnotationError(f"{file}, line {start}: {reason}") from error


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
                f"{file}, line {number}: write photo.jpg#0, a tab, and the caption (here: {line[:60]!r})"
            )
        yield CaptionRow(match["image"], match["caption"], match["image"])
