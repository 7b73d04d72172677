"""A run over many photos: every file an answer, edits in every format, and nothing left on the
disk.
"""

import csv
import dataclasses
import io
import json
import shutil
import zipfile
from pathlib import Path

import pytest

from captioner.errors import UsageError
from captioner.pipeline import Captioner
from captioner.web.folder_run import FolderRun, as_rows
from captioner.web.limits import Limits
from captioner.web.uploads import Upload

BAD_NAME = "<img src=x onerror=alert(1)>.jpg"


@pytest.fixture
def captioner(make_model):
    return Captioner(make_model(), "tiny")


@pytest.fixture
def sent(photos: list[Path], tmp_path: Path) -> list[Upload]:
    broken = tmp_path / "x.jpg"
    broken.write_bytes(b"\xff\xd8\xff nothing")
    files = [Upload(f"trip/{path.name}", path) for path in photos[:3]]
    return [*files, Upload(BAD_NAME, broken)]


def finished(run: FolderRun, captioner: Captioner) -> FolderRun:
    for _ in run.steps(captioner, captioner.options()):
        pass
    return run


def unzipped(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def test_every_file_has_a_row_and_a_bad_one_says_why(captioner, sent):
    run = finished(FolderRun(sent, Limits()), captioner)
    rows = as_rows(run.records)
    assert [row[0] for row in rows] == [upload.name for upload in sent]
    assert all(row[1] and not row[2] for row in rows[:3])
    assert not rows[3][1]
    assert "broken JPEG" in rows[3][2]
    assert run.num_failed == 1
    assert set(run.thumbnails) == {upload.name for upload in sent[:3]}
    run.close()


def test_results_hold_all_formats_with_the_edited_caption(captioner, sent):
    run = finished(FolderRun(sent, Limits()), captioner)
    first = sent[0].name
    run.records[0] = dataclasses.replace(run.records[0], confidence=0.9)
    run.edit({first: 'a "new" caption, with comma', BAD_NAME: ""})
    files = unzipped(run.results())
    lines = [json.loads(line) for line in files["captions.jsonl"].splitlines()]
    assert [line["file"] for line in lines] == [upload.name for upload in sent]
    assert lines[0]["caption"] == 'a "new" caption, with comma'
    assert (lines[0]["log_prob"], lines[0]["model"]) == (None, "tiny, edited")
    assert lines[0].get("confidence") is None  # which was of the caption before
    assert (lines[1]["model"], lines[3]["error"]["type"]) == ("tiny", "CorruptFileError")
    table = list(csv.DictReader(io.StringIO(files["captions.csv"], newline="")))
    assert table[0]["caption"] == lines[0]["caption"]
    assert [entry["caption"] for entry in json.loads(files["captions.json"])] == [
        line["caption"] for line in lines[:3]
    ]
    texts = {name: text for name, text in files.items() if name.endswith(".txt")}
    assert len(texts) == 3
    assert texts[str(Path(first).with_suffix(".txt"))] == 'a "new" caption, with comma\n'
    run.close()


def test_a_failed_photo_can_be_captioned_by_hand(captioner, sent):
    run = finished(FolderRun(sent, Limits()), captioner)
    run.edit({BAD_NAME: "what I saw"})
    assert as_rows(run.records)[3] == [BAD_NAME, "what I saw", ""]
    run.close()


def test_stop_keeps_what_is_done(captioner, photos):
    run = FolderRun([Upload(f"{number}.png", photos[number % 8]) for number in range(40)], Limits())
    for _ in run.steps(captioner, captioner.options()):
        run.stopping = True
    assert 8 <= len(run.records) < 40
    assert len(unzipped(run.results())) == 3 + len(run.records)
    run.close()


def test_nothing_is_left_when_a_run_is_closed_or_refused(captioner, sent, tmp_path, monkeypatch):
    place = tmp_path / "runs"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    run = finished(FolderRun(sent, Limits()), captioner)
    run.results()
    assert list(place.iterdir())
    run.close()
    with pytest.raises(UsageError):
        FolderRun([], Limits())
    assert not list(place.iterdir())
    shutil.rmtree(place)
