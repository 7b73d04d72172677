"""Defines `CaptionRow`: one caption, as every reader of a caption file returns it."""

from typing import NamedTuple


class CaptionRow(NamedTuple):
    """One caption of one photo, as a file states it.

    Attributes:
        file_name: The photo, relative to its folder.
        caption: The caption as written; it may be empty. None where a system failed on this photo.
        image_id: COCO's number where there is one, otherwise the file name.
        split: train, val or test, or a domain of nocaps, where the file says it.
        other_names: Other names of the photo in the file.
        error: Why a system failed.
    """

    file_name: str
    caption: str | None
    image_id: int | str
    split: str | None = None
    other_names: tuple[int | str, ...] = ()
    error: str = ""
