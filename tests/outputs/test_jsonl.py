"""JSON lines read back equal, and lose no row that was written."""

import json
from pathlib import Path

from captioner.outputs.jsonl import JsonlWriter
from captioner.outputs.record import Record


def test_every_record_is_read_back_equal(tmp_path: Path, hard_records: tuple[Record, ...]) -> None:
    with JsonlWriter(tmp_path / "out.jsonl") as writer:
        for record in hard_records:
            writer.write(record)
    lines = (tmp_path / "out.jsonl").read_text(encoding="ascii").splitlines()
    assert [json.loads(line) for line in lines] == [record.to_dict() for record in hard_records]


def test_a_row_is_on_the_disk_before_the_next_one_comes(tmp_path: Path, hard_records: tuple[Record, ...]) -> None:
    path = tmp_path / "out.jsonl"
    writer = JsonlWriter(path)
    for number, record in enumerate(hard_records, start=1):
        writer.write(record)
        assert len(path.read_bytes().splitlines()) == number
    writer.close()


def test_an_older_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_text("older\n" * 1000)
    JsonlWriter(tmp_path / "out.jsonl").close()
    assert (tmp_path / "out.jsonl").read_text() == ""
