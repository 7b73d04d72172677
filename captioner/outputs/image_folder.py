"""Writes captions as `metadata.jsonl` of a Hugging Face image folder, for image generators."""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from captioner.errors import UsageError
from captioner.outputs.caption_text import CaptionText
from captioner.outputs.record import Record
from captioner.outputs.writer import TextWriter
from captioner.preprocess.fetching import is_elsewhere

NAME = "metadata.jsonl"


class ImageFolderWriter(TextWriter):
    """Writes one row per captioned photo: `file_name`, relative to the file's folder, and `text`.

    Failed files are left out, since `datasets` could not open them. So are names that are not
    UTF-8, since its JSON reader would refuse the whole file.

    Args:
        path: A file called `metadata.jsonl`, in a folder that holds all photos.
        caption_text: How captions are formatted.

    Raises:
        UsageError: It cannot be opened.

    Source:
        huggingface.co/docs/datasets, "Create an image dataset", ImageFolder.
    """

    def __init__(self, path: str | Path, caption_text: CaptionText) -> None:
        self._text = caption_text
        super().__init__(path)

    def _row(self, record: Record) -> str:
        if record.caption is None or not _is_utf8(record.file):
            return ""
        name = Path(os.path.relpath(record.file, self._path.parent)).as_posix()
        return json.dumps({"file_name": name, "text": self._text(record)}) + "\n"


def check_within(files: Iterable[str | Path], path: Path) -> None:
    """Check that all photos lie in the folder of a `metadata.jsonl`, or below it.

    Raises:
        UsageError: A photo lies elsewhere.
    """
    for file in files:
        if is_elsewhere(file) or os.path.relpath(file, path.parent).startswith(os.pardir + os.sep):
            raise UsageError(
                f"{path}: {file} is not below its folder; write {NAME} where all the photos are"
            )


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
