"""Finds a photo and its captions in the fields of one JSON object or one row of a table."""

from collections.abc import Iterator, Mapping
from typing import Any

from captioner.data.caption_row import CaptionRow
from captioner.errors import AnnotationError

NAME_FIELDS = tuple(
    """
        file image file_name filename image_name image_file image_path img img_name img_path
        photo picture path filepath name
    """.split()
)
ID_FIELDS = ("image_id", "img_id", "cocoid", "id")
"""Numbers of photos; `id` may number the rows instead, so it is used only if there is no other."""

CAPTION_FIELDS = tuple(
    """
        caption captions text texts sentence sentences comment comments description descriptions
        references hypothesis prediction raw
    """.split()
)
MOST_DIGITS = 18  # a text of more digits is a name, not a number


def caption_rows(entry: Any, where: str) -> Iterator[CaptionRow]:
    """Read the captions of one photo.

    The photo is named by one of `NAME_FIELDS` or `ID_FIELDS`. The captions are in one of
    `CAPTION_FIELDS`: a text, or a list of texts or of objects with a text. A non-empty `error`
    takes the place of a caption.

    Args:
        entry: The object.
        where: Its place, for messages.

    Raises:
        AnnotationError: It is no object, or a field is missing or of the wrong type.
    """
    if not isinstance(entry, dict):
        raise AnnotationError(
            f"{where}: an object with `image_id` or `file`, and `caption`, must be there"
        )
    name, *others = names_in(entry, where)
    file_name = file_name_of(name)
    if error := entry.get("error"):
        message = str(error.get("message") or error) if isinstance(error, dict) else str(error)
        yield CaptionRow(file_name, None, name, other_names=tuple(others), error=message)
        return
    field = next((field for field in CAPTION_FIELDS if field in entry), "caption")
    for caption in texts_of(entry.get(field), f"{where}: `{field}`"):
        yield CaptionRow(file_name, caption, name, other_names=tuple(others))


def names_in(entry: Mapping[str, Any], where: str) -> list[int | str]:
    """Return all names of an object's photo: file names, then numbers.

    Raises:
        AnnotationError: It names no photo, or the name is neither a text nor a whole number.
    """
    fields = [field for field in (*NAME_FIELDS, *ID_FIELDS) if entry.get(field) is not None]
    if "id" in fields and len(fields) > 1:
        fields.remove("id")
    if not fields:
        known = ", ".join(f"`{field}`" for field in ("image_id", "file", "image", "file_name"))
        raise AnnotationError(f"{where}: one of {known} must name the photo, by a number or a text")
    return [
        image_number(entry[field], f"{where}: `{field}`")
        if field in ID_FIELDS
        else _name(entry[field], where, field)
        for field in fields
    ]


def image_number(value: Any, where: str) -> int | str:
    """Return a photo's number, written as 7, 7.0 or "7", or a text that is no number as a name.

    Raises:
        AnnotationError: It is neither.
    """
    if isinstance(value, str) and (text := value.strip()):
        return (
            int(text) if text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS else text
        )
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise AnnotationError(
        f"{where} must name the photo, by a whole number or a text (here: {_short(value)})"
    )


def texts_of(value: Any, where: str) -> list[str]:
    """Return captions that are one text, or a list of texts or of objects with a text.

    Raises:
        AnnotationError: They are none of these.
    """
    several = value if isinstance(value, list) else [value]
    texts = [
        next((one[field] for field in CAPTION_FIELDS if field in one), None)
        if isinstance(one, dict)
        else one
        for one in several
    ]
    wrong = [one for one in texts if not isinstance(one, str)]
    if wrong:
        raise AnnotationError(
            f"{where} must be there, a text or a list of texts (here: {_short(wrong[0])})"
        )
    return [text for text in texts if isinstance(text, str)]


def file_name_of(name: int | str) -> str:
    """Return the file of a name; for a number, COCO's file name since 2017."""
    return name if isinstance(name, str) else f"{name:012d}.jpg"


def _name(value: Any, where: str, field: str) -> int | str:
    if isinstance(value, str) and value.strip():
        return value
    return image_number(value, f"{where}: `{field}`")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
