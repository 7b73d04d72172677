"""CSV reads back equal, whatever is in names and captions."""

import csv
import os
from pathlib import Path

from captioner.outputs.csv_table import CsvWriter
from captioner.outputs.record import Record


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", errors="surrogateescape", newline="") as stream:
        return list(csv.DictReader(stream, strict=True))


def test_every_record_is_read_back_equal(tmp_path: Path, hard_records: tuple[Record, ...]) -> None:
    with CsvWriter(tmp_path / "out.csv") as writer:
        for record in hard_records:
            writer.write(record)
    for row, record in zip(rows(tmp_path / "out.csv"), hard_records, strict=True):
        error = f"CorruptFileError: {record.error.message}" if record.error else ""
        assert row == {
            "file": record.file,
            "caption": record.caption or "",
            "log_prob": "" if record.log_prob is None else "-7.25",
            "model": "flickr8k",
            "error": error,
        }


def test_a_name_is_written_in_the_bytes_that_the_disk_has(
    tmp_path: Path, hard_records: tuple[Record, ...]
) -> None:
    record = hard_records[4]
    with CsvWriter(tmp_path / "out.csv") as writer:
        writer.write(record)
    assert os.fsencode(record.file) == b"caf\xe9.jpg"
    assert b"\ncaf\xe9.jpg," in (tmp_path / "out.csv").read_bytes()
