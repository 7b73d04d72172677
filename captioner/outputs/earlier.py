"""Reads back the results of an earlier run, so that a later run can add to them."""

import csv
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from captioner.errors import UsageError
from captioner.outputs.image_folder import NAME
from captioner.outputs.record import Candidate, ErrorInfo, Record, TextField

BEST_ALONE = (".csv", ".json", ".txt")  # formats that hold no more than the best text


def readable(paths: Sequence[Path]) -> Path | None:
    """Return the output from which all others can be rewritten; None if none holds enough."""
    by_suffix = {path.suffix.lower(): path for path in paths if path.name != NAME}
    if path := by_suffix.get(".jsonl") or by_suffix.get(".parquet"):
        return path
    return (
        by_suffix.get(".csv") if all(path.suffix.lower() in BEST_ALONE for path in paths) else None
    )


def read_earlier(path: Path, text_field: TextField) -> Iterator[Record]:
    """Read the records of an output that `readable` chose.

    Args:
        path: A `.jsonl`, `.parquet` or `.csv` file that a run wrote.
        text_field: What a record's text is called in the file.

    Raises:
        UsageError: The file is not as a run writes it.
    """
    number = 0
    try:
        for record in READERS[path.suffix.lower()](path, text_field):
            yield record
            number += 1
    # pyarrow, csv and json raise errors of their own, and any field may have any value.
    except Exception as error:
        raise UsageError(
            f"{path}: nothing can be added, as it is not as `captioner` writes it (record"
            f" {number + 1}: {error}); without --resume it is made again"
        ) from error


def _from_jsonl(path: Path, text_field: TextField) -> Iterator[Record]:
    with path.open("rb") as stream:
        for line in stream:
            if line.strip():
                yield Record.from_row(json.loads(line), text_field)


def _from_parquet(path: Path, text_field: TextField) -> Iterator[Record]:
    from pyarrow.parquet import ParquetFile

    with ParquetFile(path) as table:
        for batch in table.iter_batches():
            for row in batch.to_pylist():
                yield Record.from_row({**row, "file": os.fsdecode(row["file_bytes"])}, text_field)


def _from_csv(path: Path, text_field: TextField) -> Iterator[Record]:
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as stream:
        for row in csv.DictReader(stream, strict=True):
            yield _of_cells(row, text_field)


def _of_cells(row: dict[str, Any], text_field: TextField) -> Record:
    kind, colon, message = row["error"].partition(": ")
    error = ErrorInfo(kind, message) if colon else None
    text, log_prob = row[text_field], float(row["log_prob"]) if row["log_prob"] else None
    if log_prob is None:  # the file failed, or a person wrote the text
        return Record(row["file"], text or None, None, (), row["model"], error)
    return Record(row["file"], text, log_prob, (Candidate(text, log_prob),), row["model"], error)


READERS: dict[str, Callable[[Path, TextField], Iterator[Record]]] = {
    ".jsonl": _from_jsonl,
    ".parquet": _from_parquet,
    ".csv": _from_csv,
}
