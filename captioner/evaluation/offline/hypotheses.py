"""Hypotheses of any system, from any of the usual files, each brought to the item of the references that it means."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from captioner.data.captions_csv import TOKEN_LINE, read_token_txt
from captioner.data.examples import names_photos, read_text
from captioner.data.json_lines import read_json_lines
from captioner.errors import AnnotationError, ScoreError
from captioner.evaluation.offline.references import ItemId, References, split_lines
from captioner.outputs.coco_results import image_id as coco_number

NAME_FIELDS = ("image_id", "file", "image", "file_name")
_NAMED = 10


class HypothesisRow(NamedTuple):
    """One row of a hypothesis file.

    Attributes:
        name: COCO's number, or a file name with or without folder.
        caption: The caption; None where the system failed on this photo.
        error: Why it failed.
    """

    name: ItemId
    caption: str | None
    error: str = ""


def read_hypotheses(file: Path, references: References) -> dict[ItemId, str]:
    """Read one caption for each item of the references.

    Known are COCO results, the JSON lines and CSV that `captioner caption` writes, Flickr8k's token.txt, and plain text
    for plain references; the content decides.

    Raises:
        AnnotationError: The file cannot be read or is malformed.
        ScoreError: Items are missing, unknown or repeated: the message names each, or plain text has another number of
            lines than the references.
    """
    text = read_text(file)
    if text.strip() and names_photos(text):
        if references.aligned:
            raise ScoreError(f"{file} names photos, but the references are plain lines; give plain lines for these")
        return _matched(list(_rows(text, file)), references, file)
    if not references.aligned:
        what = "plain text, but the references name photos" if text.strip() else "empty"
        hint = "give COCO results, JSON lines, or CSV with the header file,caption"
        raise ScoreError(f"{file} is {what}; {hint}")
    lines = split_lines(text)
    if len(lines) != len(references.texts):
        raise ScoreError(f"{file} has {len(lines)} lines, the references have {len(references.texts)}; give one a line")
    return dict(zip(references.texts, lines, strict=True))


def _matched(rows: Sequence[HypothesisRow], references: References, file: Path) -> dict[ItemId, str]:
    known = references.names()
    items = [_find(row.name, known) for row in rows]
    unknown = [row.name for row, item in zip(rows, items, strict=True) if item is None]
    times = Counter(item for item in items if item is not None)
    failed = {item: row.error for row, item in zip(rows, items, strict=True) if row.caption is None}
    missing = [item for item in references.texts if item not in times]
    reasons = [f"{item!r} ({failed[item]})" for item in times if item in failed]
    problems = [
        _few(
            f"not in the references (remove {'it' if len(unknown) == 1 else 'them'})", [repr(name) for name in unknown]
        ),
        _few("without a hypothesis", [repr(item) for item in missing]),
        _few("failed, which counts as missing", reasons),
        _few("more than once", [repr(item) for item, count in times.items() if count > 1]),
    ]
    if any(problems):
        raise ScoreError(f"{file}: {'; '.join(filter(None, problems))}")
    return {
        item: row.caption for row, item in zip(rows, items, strict=True) if item is not None and row.caption is not None
    }


def _find(name: ItemId, known: Mapping[ItemId, ItemId]) -> ItemId | None:
    """Find the item of a name: as it stands, or with less and less of its folder, or by the number that it holds."""
    if name in known:
        return known[name]
    if isinstance(name, int):
        return known.get(str(name))
    parts = PurePosixPath(name.replace("\\", "/")).parts
    tails = ["/".join(parts[start:]) for start in range(len(parts))]
    calls: list[ItemId] = [*tails, *map(coco_number, tails[-1:])]
    return next((known[call] for call in calls if call in known), None)


def _rows(text: str, file: Path) -> Iterator[HypothesisRow]:
    first = text.lstrip()[:1]
    if first == "[":
        return _coco_rows(text, file)
    if first == "{":
        return _json_lines(text, file)
    if TOKEN_LINE.fullmatch(text.lstrip().partition("\n")[0].rstrip()):
        return (HypothesisRow(row.file_name, row.caption) for row in read_token_txt(text, file))
    return _csv_rows(text, file)


def _coco_rows(text: str, file: Path) -> Iterator[HypothesisRow]:
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise AnnotationError(f"{file}, line {error.lineno}: not valid JSON ({error.msg}); is it complete?") from error
    for position, entry in enumerate(content):
        yield _row(entry, f"{file}: [{position}]")


def _json_lines(text: str, file: Path) -> Iterator[HypothesisRow]:
    hint = "; hypotheses are one object a line, or COCO results: one array of objects"
    for where, entry in read_json_lines(text.split("\n"), file, hint):
        yield _row(entry, where)


def _csv_rows(text: str, file: Path) -> Iterator[HypothesisRow]:
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    header: list[str] = []
    try:
        for row in rows:
            if row and not header:
                header = [field.strip().lower() for field in row]
            elif row:
                where = f"{file}, line {rows.line_num}"
                if len(row) != len(header):
                    hint = "put a caption that holds a comma in double quotes"
                    raise AnnotationError(f"{where}: {len(row)} fields, the header has {len(header)}; {hint}")
                yield _row(dict(zip(header, row, strict=True)), where)
    except csv.Error as error:
        raise AnnotationError(f"{file}, line {rows.line_num}: not valid CSV ({error}); close each quote") from error


def _row(entry: Any, where: str) -> HypothesisRow:
    """Check the fields of one row; what failed has an `error`."""
    if not isinstance(entry, dict):
        raise AnnotationError(f"{where}: an object with `image_id` or `file`, and `caption`, must be there")
    name = next((entry[field] for field in NAME_FIELDS if field in entry), None)
    if isinstance(name, bool) or not isinstance(name, int | str) or name == "":
        fields = ", ".join(f"`{field}`" for field in NAME_FIELDS)
        raise AnnotationError(f"{where}: one of {fields} must name the photo, by a number or a text (here: {name!r})")
    if error := entry.get("error"):
        return HypothesisRow(name, None, str(error.get("message") or error) if isinstance(error, dict) else str(error))
    caption = entry.get("caption")
    if not isinstance(caption, str):
        raise AnnotationError(f"{where}: `caption` must be there, a text (here: {caption!r})")
    return HypothesisRow(name, caption)


def _few(what: str, names: Sequence[str]) -> str:
    """Count and name what is wrong; nothing if there is nothing."""
    if not names:
        return ""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{len(names)} {what}: {', '.join(names[:_NAMED])}{more}"
