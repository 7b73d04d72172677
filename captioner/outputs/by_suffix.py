"""From the name that the user gave an output to the writer of its format."""

from collections.abc import Iterable
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
from captioner.outputs.writer import TextWriter, Writer

WRITERS: dict[str, type[TextWriter] | type[ParquetWriter]] = {
    ".jsonl": JsonlWriter,
    ".csv": CsvWriter,
    ".parquet": ParquetWriter,
    ".json": CocoResultsWriter,
    ".html": ContactSheetWriter,
}


OF_CAPTIONS_ALONE = (".json",)  # and an image folder's metadata.jsonl


def open_writer(path: str | Path, caption_text: CaptionText | None = None, text_field: TextField = "caption") -> Writer:
    """Open the writer that the name asks for: `metadata.jsonl` is an image folder's, others go by their suffix.

    Args:
        path: The file.
        caption_text: What a caption becomes in an image folder's; all others have captions as the model wrote them.
        text_field: What a record's text is called, in formats that name it.

    Raises:
        UsageError: There is none for the suffix, or the file cannot be opened.
        MissingExtraError: The format needs a library that is not installed.
    """
    path = Path(path)
    if path.name == NAME:
        return ImageFolderWriter(path, caption_text or CaptionText())
    return _known(path)(path, text_field)


def check_outputs(paths: Iterable[Path], files: Iterable[str | Path], text_field: TextField = "caption") -> None:
    """See that all outputs can be written, before anything is captioned.

    Args:
        paths: The outputs.
        files: The photos that will be among them.
        text_field: What their texts are called.

    Raises:
        UsageError: One cannot be.
        MissingExtraError: A format needs a library that is not installed.
    """
    for path in paths:
        check_place(path)
        if text_field == "label" and (path.name == NAME or path.suffix.lower() in OF_CAPTIONS_ALONE):
            raise UsageError(f"{path}: this format has captions alone; write labels to .jsonl, .csv, .parquet or .html")
        if path.name == NAME:
            check_within(files, path)
        elif _known(path) is ParquetWriter:
            check_pyarrow()


def failures_in(paths: Iterable[Path]) -> list[str]:
    """Return those of some outputs that tell of each failed file."""
    return [str(path) for path in paths if path.name != NAME and _known(path).lists_failures]


def _known(path: Path) -> type[TextWriter] | type[ParquetWriter]:
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        suffix = f"suffix {path.suffix!r}" if path.suffix else "name without a suffix"
        raise UsageError(
            f"{path}: no format has this {suffix}; use .jsonl, .csv, .parquet, .json (COCO results), .html (a page) or"
            f" {NAME} (an image folder's)"
        )
    return writer
