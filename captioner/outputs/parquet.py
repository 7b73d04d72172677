"""Writes records as a Parquet table, for pandas, DuckDB or Spark."""

import os
from pathlib import Path
from typing import Any

from captioner.errors import MissingExtraError
from captioner.outputs.disk import output_errors, whole_file
from captioner.outputs.encoding import displayed
from captioner.outputs.record import Record, TextField
from captioner.outputs.writer import Writer

ROWS_IN_A_GROUP = 10_000


class ParquetWriter(Writer):
    """Writes the fields of a record as columns, and the bytes of its file name as `file_bytes`.

    Parquet's text is UTF-8, so U+FFFD replaces other bytes in `file`.

    Args:
        path: A `.parquet` file; an older one stays until the new one is complete.
        text_field: What a record's text is called.

    Raises:
        UsageError: It cannot be opened.
        MissingExtraError: pyarrow is not installed.
    """

    lists_failures = True

    def __init__(self, path: str | Path, text_field: TextField = "caption") -> None:
        super().__init__()
        self._text_field: TextField = text_field
        check_pyarrow()
        from pyarrow.parquet import ParquetWriter as TableWriter

        self._path = path
        self._schema = _schema(text_field)
        self._rows: list[dict[str, Any]] = []
        part = self._open.enter_context(whole_file(path))
        with output_errors(path):
            self._table = self._open.enter_context(TableWriter(part, self._schema))

    def write(self, record: Record) -> None:
        """Add one row; write the rows to the file once there are enough for a row group."""
        self._rows.append(
            {**_utf8(record.to_row(self._text_field)), "file_bytes": os.fsencode(record.file)}
        )
        if len(self._rows) == ROWS_IN_A_GROUP:
            self._finish()

    def _finish(self) -> None:
        import pyarrow

        with output_errors(self._path):
            self._table.write_table(pyarrow.Table.from_pylist(self._rows, schema=self._schema))
        self._rows.clear()


def check_pyarrow() -> None:
    """Check that pyarrow is installed.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("pyarrow", "parquet") from error


def _schema(text_field: TextField) -> Any:
    import pyarrow as pa

    more: dict[str, Any] = {}
    told = {text_field: pa.string(), "log_prob": pa.float64()}
    if text_field == "label":
        told["probability"] = pa.float64()
    elif text_field == "text":
        more["duration_s"] = pa.float64()
        more["segments"] = pa.list_(
            pa.struct({"start_s": pa.float64(), "end_s": pa.float64(), "text": pa.string()})
        )
    else:
        more["language"] = pa.string()
        told["confidence"] = pa.float64()
        more["concepts"] = pa.list_(pa.struct({"name": pa.string(), "probability": pa.float64()}))
    return pa.schema(
        {
            "file": pa.string(),
            "file_bytes": pa.binary(),
            **told,
            "candidates": pa.list_(pa.struct(told)),
            "model": pa.string(),
            "error": pa.struct({"type": pa.string(), "message": pa.string()}),
            **more,
        }
    )


def _utf8(value: Any) -> Any:
    """Replace what is not UTF-8 in all texts, however deeply nested."""
    if isinstance(value, str):
        return displayed(value)
    if isinstance(value, dict):
        return {key: _utf8(field) for key, field in value.items()}
    return [_utf8(item) for item in value] if isinstance(value, list) else value
