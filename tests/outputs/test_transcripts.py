"""Transcripts as rows, lines and subtitles, to the letter."""

import json
from pathlib import Path

import pytest

from captioner.errors import UsageError
from captioner.outputs.record import ErrorInfo
from captioner.outputs.transcripts import (
    Segment,
    TranscriptRecord,
    check_transcript_outputs,
    json_row,
    srt,
    text_line,
    vtt,
)

RECORD = TranscriptRecord(
    file="a.wav",
    text="one & <two>\nthree",
    log_prob=-0.5,
    candidates=(("one & <two>\nthree", -0.5), ("one", -2.0)),
    model="digits",
    error=None,
    duration_s=3725.5,
    segments=(Segment(0.0, 1.2345, "one & <two>"), Segment(2.0, 2.1, " \n"), Segment(3723.9996, 3725.5, "three\n")),
)
FAILED = TranscriptRecord("b.wav", None, None, (), "digits", ErrorInfo("CorruptFileError", "the file is empty"))


def test_a_row_has_the_keys_of_a_captions_row():
    row = json.loads(json_row(RECORD))
    assert list(row)[:6] == ["file", "text", "log_prob", "candidates", "model", "error"]
    assert row["candidates"][1] == {"text": "one", "log_prob": -2.0}
    assert row["segments"][0] == {"start_s": 0.0, "end_s": 1.234, "text": "one & <two>"}
    failed = json.loads(json_row(FAILED))
    assert (failed["text"], failed["error"]["type"], failed["segments"]) == (None, "CorruptFileError", [])
    assert json_row(RECORD).count("\n") == 1


def test_a_line_is_one_line_even_of_a_file_that_failed():
    assert text_line(RECORD) == "one & <two> three\n"
    assert text_line(FAILED) == "\n"


def test_subrip():
    assert srt(RECORD) == ("1\n00:00:00,000 --> 00:00:01,234\none & <two>\n\n2\n01:02:04,000 --> 01:02:05,500\nthree\n")
    assert srt(FAILED) == ""


def test_webvtt():
    assert vtt(RECORD) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.234\none &amp; &lt;two&gt;\n\n01:02:04.000 --> 01:02:05.500\nthree\n"
    )


def test_outputs_are_checked_before_the_work(tmp_path):
    check_transcript_outputs([tmp_path / "a.jsonl", tmp_path / "a.TXT"], 7)
    check_transcript_outputs([tmp_path / "a.srt", tmp_path / "a.vtt"], 1)
    for path, count, message in [
        ("a.doc", 1, "written to .jsonl, .txt, .srt, .vtt"),
        ("a.srt", 2, "subtitles are of one recording"),
        ("none/a.txt", 1, "no folder"),
    ]:
        with pytest.raises(UsageError, match=message):
            check_transcript_outputs([tmp_path / Path(path)], count)
