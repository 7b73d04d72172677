"""Writes records as a CSV table for spreadsheets: each file's best caption, or its error."""

import csv
import io

from captioner.outputs.record import Record
from captioner.outputs.writer import TextWriter


class CsvWriter(TextWriter):
    r"""Writes one row per record; a failed file's caption and log-probability are empty.

    Rows end in `\r\n`, as in RFC 4180; file names keep the bytes that they have on the disk.
    """

    lists_failures = True

    def _head(self) -> str:
        return _line(("file", self._text_field, "log_prob", "model", "error"))

    def _row(self, record: Record) -> str:
        error = f"{record.error.type}: {record.error.message}" if record.error else ""
        return _line((record.file, record.caption, record.log_prob, record.model, error))


def _line(row: tuple[str | float | None, ...]) -> str:
    line = io.StringIO()
    # With other line ends, Python before 3.13 would leave a lone \r unquoted, which readers mistake
    # for the end of a row.
    csv.writer(line, lineterminator="\r\n").writerow(row)
    return line.getvalue()
