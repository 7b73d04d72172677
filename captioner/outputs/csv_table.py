"""Records as a table for spreadsheets: the best caption alone, and in words what failed."""

import csv
from pathlib import Path

from captioner.outputs.disk import create, output_errors
from captioner.outputs.record import Record
from captioner.outputs.writer import Writer

COLUMNS = ("file", "caption", "log_prob", "model", "error")


class CsvWriter(Writer):
    r"""Writes one row a record; a kill loses nothing but the row in hand.

    Rows end in `\r\n`, as RFC 4180 has it; names are written in the bytes that the disk has.

    Args:
        path: A `.csv` file; an older one is replaced.

    Raises:
        UsageError: It cannot be opened.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = path
        self._stream = create(path)
        # With other line ends, Python before 3.13 would leave a lone \r unquoted, which readers take for a new row.
        self._rows = csv.writer(self._stream, lineterminator="\r\n")
        self._write_row(COLUMNS)

    def write(self, record: Record) -> None:
        """Write one row; a failed file's caption and log-probability are empty."""
        error = f"{record.error.type}: {record.error.message}" if record.error else ""
        self._write_row((record.file, record.caption, record.log_prob, record.model, error))

    def close(self) -> None:
        """Close the file."""
        with output_errors(self._path):
            self._stream.close()

    def _write_row(self, row: tuple[str | float | None, ...]) -> None:
        with output_errors(self._path):
            self._rows.writerow(row)
            self._stream.flush()
