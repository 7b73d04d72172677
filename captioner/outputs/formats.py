"""Chooses the writer of an output by its file name."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from captioner.errors import UsageError
from captioner.outputs.caption_text import CaptionText
from captioner.outputs.coco_results import CocoResultsWriter
from captioner.outputs.contact_sheet import ContactSheetWriter
from captioner.outputs.csv_table import CsvWriter
from captioner.outputs.disk import check_place
from captioner.outputs.image_folder import NAME, ImageFolderWriter, check_within
from captioner.outputs.jsonl import JsonlWriter
from captioner.outputs.parquet import ParquetWriter, check_pyarrow
from captioner.outputs.record import TextField
from captioner.outputs.special_files import STANDARD_OUTPUT
from captioner.outputs.subtitles import LinesWriter, SrtWriter, VttWriter
from captioner.outputs.writer import TextWriter, Writer

AnyWriter = type[TextWriter] | type[ParquetWriter]

OF_ALL: dict[str, AnyWriter] = {".jsonl": JsonlWriter, ".csv": CsvWriter, ".parquet": ParquetWriter}
WRITERS: dict[TextField, dict[str, AnyWriter]] = {
    # An image folder's `metadata.jsonl` is recognised by its whole name.
    "caption": {**OF_ALL, ".json": CocoResultsWriter, ".html": ContactSheetWriter},
    "label": {**OF_ALL, ".html": ContactSheetWriter},
    "text": {**OF_ALL, ".txt": LinesWriter, ".srt": SrtWriter, ".vtt": VttWriter},
}
"""The formats of each kind of text, by the output's suffix; a new format is added here."""

SUBTITLES = (".srt", ".vtt")


def open_writer(
    path: str | Path, caption_text: CaptionText | None = None, text_field: TextField = "caption"
) -> Writer:
    """Open the writer for a name: by its suffix, or for an image folder if it is `metadata.jsonl`.

    Args:
        path: The file; `-` is standard output, which gets JSON lines.
        caption_text: How captions are formatted in an image folder's `metadata.jsonl`; all other
            formats have captions as the model wrote them.
        text_field: What a record's text is called, in formats that name it.

    Raises:
        UsageError: No format has the suffix, or the file cannot be opened.
        MissingExtraError: The format needs a library that is not installed.
    """
    path = Path(path)
    if path.name == NAME and text_field == "caption":
        return ImageFolderWriter(path, caption_text or CaptionText())
    return _known(path, text_field)(path, text_field)


def check_outputs(
    paths: Iterable[Path], files: Sequence[str | Path], text_field: TextField = "caption"
) -> None:
    """Check that all outputs can be written, before anything is captioned.

    Args:
        paths: The outputs.
        files: The photos, clips or recordings whose results will be written.
        text_field: What their texts are called.

    Raises:
        UsageError: An output cannot be written or cannot hold these files, or two outputs are the
            same file.
        MissingExtraError: A format needs a library that is not installed.
    """
    paths = list(paths)
    _check_each_once(paths)
    for path in paths:
        check_place(path)
        if path.name == NAME and text_field == "caption":
            check_within(files, path)
        elif _known(path, text_field) is ParquetWriter:
            check_pyarrow()
        if path.suffix.lower() in SUBTITLES and len(files) > 1:
            raise UsageError(
                f"{path}: subtitles are of one recording, and there are {len(files):,}: use .jsonl"
            )


def _check_each_once(paths: Sequence[Path]) -> None:
    """Check that no two paths lead to the same file, even by other spellings or links."""
    # Path.resolve would raise a RuntimeError at a link that leads to itself.
    places = [os.path.normcase(os.path.realpath(path)) for path in paths]
    for number, path in enumerate(paths):
        for earlier in range(number):
            if places[earlier] == places[number] or (
                path.exists() and paths[earlier].exists() and path.samefile(paths[earlier])
            ):
                raise UsageError(
                    f"{path} and {paths[earlier]} are the same file: name each output once"
                )


def failures_in(paths: Iterable[Path], text_field: TextField = "caption") -> list[str]:
    """Return the outputs that list failed files."""
    return [
        str(path) for path in paths if path.name != NAME and _known(path, text_field).lists_failures
    ]


def _known(path: Path, text_field: TextField) -> AnyWriter:
    if path.name == NAME:
        raise UsageError(
            f"{path}: an image folder has captions alone; give a file of {text_field}s another name"
        )
    writer = (
        JsonlWriter if path == STANDARD_OUTPUT else WRITERS[text_field].get(path.suffix.lower())
    )
    if writer is None:
        suffix = f"suffix {path.suffix!r}" if path.suffix else "name without a suffix"
        formats = ", ".join(WRITERS[text_field])
        more = f", or {NAME} for an image folder's" if text_field == "caption" else ""
        raise UsageError(
            f"{path}: no format of {text_field}s has this {suffix}; use {formats}{more}"
        )
    return writer
