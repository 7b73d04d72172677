"""Captions as COCO results, the one JSON array that caption evaluation servers and pycocotools read."""

import json
import re
from contextlib import ExitStack
from pathlib import Path

from captioner.outputs.disk import written_whole
from captioner.outputs.record import Record
from captioner.outputs.writer import Writer

# COCO_val2014_000000123456.jpg until 2015, 000000123456.jpg since 2017.
COCO_NAME = re.compile(r"(?:COCO_[a-z]+\d{4}_)?(\d{12})\.\w+", re.ASCII)


class CocoResultsWriter(Writer):
    """Keeps the captions and writes them at the end, under the file's name only once they are whole.

    Failed files are left out: the format has no place for them.

    Args:
        path: A `.json` file; an older one stays until the new one is whole.

    Raises:
        UsageError: It cannot be opened.
    """

    def __init__(self, path: str | Path) -> None:
        self._results: list[dict[str, int | str]] = []
        self._file = ExitStack()
        self._stream = self._file.enter_context(written_whole(path))

    def write(self, record: Record) -> None:
        """Keep one caption."""
        if record.caption is not None:
            self._results.append({"image_id": image_id(record.file), "caption": record.caption})

    def close(self) -> None:
        """Write the array."""
        if not self._stream.closed:
            with self._file:
                json.dump(self._results, self._stream)


def image_id(file: str) -> int | str:
    """Return the number in a file name of COCO's, else the name without its folder.

    Source:
        cocodataset.org, "Results Format", caption generation.
    """
    name = Path(file).name
    match = COCO_NAME.fullmatch(name)
    return int(match[1]) if match else name
