"""Reads hypotheses from any usual file, and matches each to an item of the references."""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from captioner.data.caption_file import check_plain, named_rows
from captioner.data.caption_row import CaptionRow
from captioner.data.examples import composed
from captioner.data.text_file import read_text, whole_characters
from captioner.errors import ScoreError
from captioner.evaluation.offline.references import ItemId, References, split_lines
from captioner.outputs.coco_results import image_id as coco_number

_NAMED = 10


def read_hypotheses(
    file: Path, references: References, *, plain: bool = False, partial: bool = False
) -> dict[ItemId, str]:
    """Read one caption for each item of the references.

    Known are COCO results, the JSON lines and CSV that `captioner caption` writes, all that
    references can be, and plain text for plain references; the content decides.

    Args:
        file: The file; `-` is standard input.
        references: What the captions will be scored against.
        plain: Whether the lines are captions, whatever they look like.
        partial: Whether items may be without a caption.

    Raises:
        AnnotationError: The file cannot be read or is malformed.
        ScoreError: Items are missing, unknown or have two captions: the message names each, or
            plain text has another number of lines than the references.
    """
    text = read_text(file)
    rows = None if plain else named_rows(text, file)
    if rows is not None:
        if references.aligned:
            raise ScoreError(
                f"{file} names photos, but the references are plain lines; give plain lines for"
                " these"
            )
        return _matched(list(rows), references, file, partial=partial)
    if not references.aligned:
        what = "plain text, but the references name photos" if text.strip() else "empty"
        hint = "give COCO results, JSON lines, or CSV with the header file,caption"
        raise ScoreError(f"{file} is {what}; {hint}")
    if not plain:
        check_plain(text, file)
    lines = split_lines(whole_characters(text))
    if len(lines) != len(references.texts):
        raise ScoreError(
            f"{file} has {len(lines)} lines, the references have {len(references.texts)}; give one"
            " a line"
        )
    return dict(zip(references.texts, lines, strict=True))


def _matched(
    rows: Sequence[CaptionRow], references: References, file: Path, *, partial: bool
) -> dict[ItemId, str]:
    known = references.names()
    items = [_find(row, known) for row in rows]
    captions: dict[ItemId, dict[str, None]] = {}
    failed: dict[ItemId, str] = {}
    for row, item in zip(rows, items, strict=True):
        if item is not None and row.caption is not None:
            captions.setdefault(item, {})[row.caption] = None
        elif item is not None:
            failed[item] = row.error
    unknown = [row.image_id for row, item in zip(rows, items, strict=True) if item is None]
    missing = [item for item in references.texts if item not in captions and item not in failed]
    without = [*missing, *(item for item in failed if item not in captions)]
    problems = [
        _few(
            f"not in the references (remove {'it' if len(unknown) == 1 else 'them'})",
            [repr(name) for name in unknown],
        ),
        _few(
            "more than once", [repr(item) for item, several in captions.items() if len(several) > 1]
        ),
    ]
    if not partial:
        reasons = [f"{item!r} ({failed[item]})" for item in without if item in failed]
        problems += [
            _few("without a hypothesis", [repr(item) for item in missing]),
            _few("failed, which counts as missing", reasons),
        ]
        if captions and without:
            problems.append("--partial scores the others alone")
    elif not captions:
        problems.append("no item of the references has a hypothesis")
    if any(problems):
        raise ScoreError(f"{file}: {'; '.join(filter(None, problems))}")
    return {item: caption for item, (caption, *_) in captions.items()}


def _find(row: CaptionRow, known: Mapping[ItemId, ItemId]) -> ItemId | None:
    """Find the item that a row means by any of its names."""
    names = (row.image_id, *row.other_names, row.file_name)
    return next((item for name in names if (item := _item_of(name, known)) is not None), None)


def _item_of(name: ItemId, known: Mapping[ItemId, ItemId]) -> ItemId | None:
    """Find the item of a name: exactly, or with less and less of its folder, or by its number."""
    if name in known:
        return known[name]
    if isinstance(name, int):
        return known.get(str(name))
    parts = PurePosixPath(str(composed(name)).replace("\\", "/")).parts
    tails = ["/".join(parts[start:]) for start in range(len(parts))]
    calls: list[ItemId] = [*tails, *map(coco_number, tails[-1:])]
    return next((known[call] for call in calls if call in known), None)


def _few(what: str, names: Sequence[str]) -> str:
    """Count and name what is wrong; nothing if there is nothing."""
    if not names:
        return ""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{len(names)} {what}: {', '.join(names[:_NAMED])}{more}"
