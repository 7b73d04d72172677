"""CaptionRow: what every reader of a caption file hands on, one caption at a time."""

from typing import NamedTuple


class CaptionRow(NamedTuple):
    """One caption of one photo, as an annotation file states it.

    Attributes:
        file_name: The photo, relative to its folder.
        caption: The caption as written; it may be empty.
        image_id: COCO's number where there is one, otherwise the file name.
        split: train, val or test, where the file says it.
    """

    file_name: str
    caption: str
    image_id: int | str
    split: str | None = None
