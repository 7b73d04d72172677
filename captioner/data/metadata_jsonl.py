"""Reads captions from the `metadata.jsonl` of a Hugging Face image folder."""

from collections.abc import Iterator
from pathlib import Path

from captioner.data.caption_row import CaptionRow
from captioner.data.json_lines import read_json_lines
from captioner.errors import AnnotationError

CAPTION_FIELDS = ("text", "caption", "captions")


def read_metadata_jsonl(text: str, file: Path) -> Iterator[CaptionRow]:
    """Read one JSON object a line, with `file_name` and `text`, `caption` or `captions`, a string or a list of them.

    Args:
        text: The file's content.
        file: The file, for messages.

    Raises:
        AnnotationError: A line is no JSON object, or a field is missing or of the wrong type.
    """
    for where, entry in read_json_lines(text.split("\n"), file, hint="; write one object a line"):
        if not isinstance(entry, dict) or not isinstance(name := entry.get("file_name"), str) or not name:
            raise AnnotationError(f"{where}: `file_name` must be there and name a photo")
        captions = next((entry[field] for field in CAPTION_FIELDS if field in entry), None)
        captions = [captions] if isinstance(captions, str) else captions
        if not isinstance(captions, list) or not all(isinstance(caption, str) for caption in captions):
            fields = ", ".join(f"`{field}`" for field in CAPTION_FIELDS)
            raise AnnotationError(f"{where}: one of {fields} must be there, a string or a list of strings")
        for caption in captions:
            yield CaptionRow(name, caption, name)
