"""JSON lines read back equal."""

import json
from pathlib import Path

from captioner.outputs.jsonl import JsonlWriter
from captioner.outputs.record import Record


def test_every_record_is_read_back_equal(tmp_path: Path, hard_records: tuple[Record, ...]) -> None:
    with JsonlWriter(tmp_path / "out.jsonl") as writer:
        for record in hard_records:
            writer.write(record)
    lines = (tmp_path / "out.jsonl").read_text(encoding="ascii").splitlines()
    assert [json.loads(line) for line in lines] == [
        record.to_row("caption") for record in hard_records
    ]
