"""Parquet reads back equal, and its names in their very bytes."""

import os
import sys
from pathlib import Path

import pytest

from captioner.errors import MissingExtraError
from captioner.outputs import parquet
from captioner.outputs.formats import check_outputs
from captioner.outputs.parquet import ParquetWriter
from captioner.outputs.record import Record

table = pytest.importorskip("pyarrow.parquet")


@pytest.mark.parametrize("rows_in_a_group", [1, 3, 8, 100])
def test_every_record_is_read_back_equal(
    tmp_path: Path,
    hard_records: tuple[Record, ...],
    rows_in_a_group: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(parquet, "ROWS_IN_A_GROUP", rows_in_a_group)
    with ParquetWriter(tmp_path / "out.parquet") as writer:
        for record in hard_records:
            writer.write(record)
    rows = table.read_table(tmp_path / "out.parquet").to_pylist()
    for row, record in zip(rows, hard_records, strict=True):
        name = row.pop("file_bytes")
        assert name == os.fsencode(record.file)
        assert row["file"] == name.decode("utf-8", "replace")
        assert Record.from_dict({**row, "file": os.fsdecode(name)}) == record


def test_no_records_are_an_empty_table(tmp_path: Path) -> None:
    ParquetWriter(tmp_path / "out.parquet").close()
    assert table.read_table(tmp_path / "out.parquet").num_rows == 0


def test_without_pyarrow_the_install_line_is_named_before_anything_is_captioned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'captioner\[parquet\]'"):
        check_outputs([tmp_path / "out.parquet"], [])
