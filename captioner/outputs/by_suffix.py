"""From the name that the user gave an output to the writer of its format."""

from collections.abc import Callable
from pathlib import Path

from captioner.errors import UsageError
from captioner.outputs.coco_results import CocoResultsWriter
from captioner.outputs.contact_sheet import ContactSheetWriter
from captioner.outputs.csv_table import CsvWriter
from captioner.outputs.jsonl import JsonlWriter
from captioner.outputs.writer import Writer

WRITERS: dict[str, Callable[[Path], Writer]] = {
    ".jsonl": JsonlWriter,
    ".csv": CsvWriter,
    ".json": CocoResultsWriter,
    ".html": ContactSheetWriter,
}


def open_writer(path: str | Path) -> Writer:
    """Open the writer that the suffix asks for.

    Raises:
        UsageError: There is none for the suffix, or the file cannot be opened.
    """
    path = Path(path)
    writer = WRITERS.get(path.suffix.lower())
    if writer is None:
        suffix = f"suffix {path.suffix!r}" if path.suffix else "name without a suffix"
        raise UsageError(
            f"{path}: no format has this {suffix}; use .jsonl, .csv, .json (COCO results) or .html (a page)"
        )
    return writer(path)
