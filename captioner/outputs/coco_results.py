"""Writes captions as COCO results, the JSON array that evaluation servers and pycocotools read."""

import json
import re
from pathlib import Path

from captioner.outputs.record import Record
from captioner.outputs.writer import TextWriter

# Names are like COCO_val2014_000000123456.jpg until 2015, and like 000000123456.jpg since 2017.
COCO_NAME = re.compile(r"(?:COCO_[a-z]+\d{4}_)?(\d{12})\.\w+", re.ASCII)


class CocoResultsWriter(TextWriter):
    """Writes one entry per caption.

    Failed files are left out, since the format has no place for them.
    """

    _separator = ""

    def _head(self) -> str:
        return "["

    def _row(self, record: Record) -> str:
        if record.caption is None:
            return ""
        separator, self._separator = self._separator, ", "
        return separator + json.dumps(
            {"image_id": image_id(record.file), "caption": record.caption}
        )

    def _foot(self) -> str:
        return "]"


def image_id(file: str) -> int | str:
    """Return the number in a COCO file name; for other files, the name without its folder.

    Source:
        cocodataset.org, "Results Format", caption generation.
    """
    name = Path(file).name
    match = COCO_NAME.fullmatch(name)
    return int(match[1]) if match else name
