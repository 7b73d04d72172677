"""Reads captions from JSON of any usual shape.

Those are COCO's and Karpathy's, lists, mappings, and one object per line.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from captioner.data.caption_fields import (
    CAPTION_FIELDS,
    ID_FIELDS,
    NAME_FIELDS,
    caption_rows,
    image_number,
    texts_of,
)
from captioner.data.caption_row import CaptionRow
from captioner.data.coco import read_coco
from captioner.data.json_lines import parse_json, read_json_lines
from captioner.data.karpathy import read_karpathy
from captioner.errors import AnnotationError


def read_caption_json(text: str, first: str, file: Path) -> Iterator[CaptionRow]:
    """Read captions from a JSON file, or from one with an object per line.

    Known shapes are COCO's annotations; Karpathy's splits; a list of objects that name a photo and
    its captions, such as COCO results; an object whose keys are photos and whose values are their
    captions; and lines of such objects, such as a metadata.jsonl.

    Args:
        text: The file's content.
        first: Its first line that is not blank.
        file: The file, for messages.

    Raises:
        AnnotationError: It is not valid, or of no known shape.
    """
    if first.startswith("{") and text.lstrip()[len(first) :].strip() and _is_json(first):
        for where, entry in read_json_lines(text.split("\n"), file, "; write one object a line"):
            yield from caption_rows(entry, where)
    else:
        yield from _rows(parse_json(text, file), file)


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _rows(content: Any, file: Path) -> Iterator[CaptionRow]:
    images = content.get("images") if isinstance(content, dict) else None
    if (
        isinstance(content, dict)
        and isinstance(content.get("annotations"), list)
        and isinstance(images, list | None)
    ):
        yield from read_coco(content, file)
    elif (
        isinstance(images, list)
        and images
        and isinstance(images[0], dict)
        and "sentences" in images[0]
    ):
        yield from read_karpathy(content, file)
    elif (entries := _listed(content)) is not None:
        for position, entry in enumerate(entries):
            yield from caption_rows(entry, f"{file}: [{position}]")
    elif isinstance(content, dict) and {type(captions) for captions in content.values()} in (
        {str},
        {list},
    ):
        for name, captions in content.items():
            image_id = image_number(name, f"{file}: {name!r}")
            for caption in texts_of(captions, f"{file}: {name!r}: `caption`"):
                yield CaptionRow(name, caption, image_id, other_names=(name,))
    else:
        raise AnnotationError(
            f"{file}: JSON with captions has `images` and `annotations` (COCO), or `images` with"
            " `sentences`, or is a list of objects with `image_id` and `caption`, or an object of"
            " photos and their captions"
        )


def _listed(content: Any) -> list[Any] | None:
    """Return objects, each with a photo and its captions.

    They are in a list, in the only list within an object, or a single object.
    """
    if isinstance(content, list):
        return content
    if not isinstance(content, dict):
        return None
    if _is_row(content):
        return [content]
    lists = [
        value
        for key, value in content.items()
        if isinstance(value, list)
        and value
        and all(_is_row(one) and key not in _names(one) for one in value)
    ]
    return lists[0] if len(lists) == 1 else None


def _is_row(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and any(field in entry for field in NAME_FIELDS + ID_FIELDS)
        and any(field in entry for field in (*CAPTION_FIELDS, "error"))
    )


def _names(entry: dict[str, Any]) -> list[str]:
    return [str(entry[field]) for field in NAME_FIELDS + ID_FIELDS if field in entry]
