"""Transcripts as rows, lines and subtitles, to the letter."""

import json
from pathlib import Path

import pytest

from captioner.outputs import open_writer
from captioner.outputs.record import Candidate, ErrorInfo, Record, Segment

RECORD = Record(
    file="a.wav",
    caption="one & <two>\nthree",
    log_prob=-0.5,
    candidates=(Candidate("one & <two>\nthree", -0.5), Candidate("one", -2.0)),
    model="digits",
    error=None,
    duration_s=3725.5,
    segments=(
        Segment(0.0, 1.2345, "one & <two>"),
        Segment(2.0, 2.1, " \n"),
        Segment(3723.9996, 3725.5, "three\n"),
    ),
)
FAILED = Record(
    "b.wav", None, None, (), "digits", ErrorInfo("CorruptFileError", "the file is empty")
)


def written(path: Path, *records: Record) -> str:
    with open_writer(path, text_field="text") as writer:
        for record in records:
            writer.write(record)
    return path.read_text()


def test_a_row_has_the_keys_of_a_captions_row(tmp_path):
    lines = written(tmp_path / "out.jsonl", RECORD, FAILED).splitlines()
    row, failed = map(json.loads, lines)
    assert list(row) == [
        "file",
        "text",
        "log_prob",
        "candidates",
        "model",
        "error",
        "duration_s",
        "segments",
    ]
    assert row["candidates"][1] == {"text": "one", "log_prob": -2.0}
    assert row["segments"][0] == {"start_s": 0.0, "end_s": 1.2345, "text": "one & <two>"}
    assert (failed["text"], failed["error"]["type"], failed["segments"]) == (
        None,
        "CorruptFileError",
        [],
    )


def test_a_table_has_the_segments_too(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    with open_writer(tmp_path / "out.parquet", text_field="text") as writer:
        writer.write(RECORD)
    (row,) = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    assert (row["text"], row["duration_s"]) == (RECORD.caption, 3725.5)
    assert row["segments"][0] == {"start_s": 0.0, "end_s": 1.2345, "text": "one & <two>"}


def test_a_line_is_one_line_even_of_a_file_that_failed(tmp_path):
    assert written(tmp_path / "out.txt", RECORD, FAILED) == "one & <two> three\n\n"


def test_subrip(tmp_path):
    expected = (
        "1\n00:00:00,000 --> 00:00:01,234\none & <two>\n\n2\n01:02:04,000 --> 01:02:05,500\nthree\n"
    )
    assert written(tmp_path / "out.srt", RECORD) == expected
    assert written(tmp_path / "failed.srt", FAILED) == ""


def test_webvtt(tmp_path):
    expected = "WEBVTT\n\n00:00:00.000 --> 00:00:01.234\none &amp; &lt;two&gt;\n"
    expected += "\n01:02:04.000 --> 01:02:05.500\nthree\n"
    assert written(tmp_path / "out.vtt", RECORD) == expected
