"""`metadata.jsonl` is what an image folder needs: names as seen from it, and texts."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from captioner.data.caption_file import named_rows
from captioner.errors import UsageError
from captioner.outputs import Record, open_writer
from captioner.outputs.caption_text import CaptionText
from captioner.outputs.image_folder import check_within


def test_names_are_those_that_the_folder_sees(
    tmp_path: Path,
    captioned: Callable[..., Record],
    failed: Callable[..., Record],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "photos" / "metadata.jsonl"
    path.parent.mkdir()
    with open_writer(path, CaptionText(trigger="sks")) as writer:
        writer.write(captioned(str(tmp_path / "photos" / "trip" / "a.jpg"), "a dog"))
        writer.write(captioned(os.path.join("photos", "b.jpg"), "a cat"))  # noqa: PTH118
        writer.write(failed("photos/broken.jpg"))
    rows = [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]
    assert rows == [
        {"file_name": "trip/a.jpg", "text": "sks, a dog"},
        {"file_name": "b.jpg", "text": "sks, a cat"},
    ]


def test_all_that_can_be_read_is_read_back_equal(
    tmp_path: Path, hard_records: tuple[Record, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By this package's reader and by that of pyarrow, which `datasets` uses."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "metadata.jsonl"
    with open_writer(path) as writer:
        for record in hard_records:
            writer.write(record)
    expected = [
        (r.file, r.caption)
        for r in hard_records
        if r.caption is not None and "\udce9" not in r.file
    ]
    assert len(expected) == len(hard_records) - 2
    assert [
        (row.file_name, row.caption) for row in named_rows(path.read_text(), path) or ()
    ] == expected
    rows = pytest.importorskip("pyarrow.json").read_json(path).to_pylist()
    assert [(row["file_name"], row["text"]) for row in rows] == expected


def test_photos_elsewhere_are_wrong_use(tmp_path: Path) -> None:
    check_within([tmp_path / "..a.jpg", tmp_path / "b" / "c.jpg"], tmp_path / "metadata.jsonl")
    with pytest.raises(UsageError, match=r"a\.jpg is not below"):
        check_within([tmp_path / "a.jpg"], tmp_path / "photos" / "metadata.jsonl")
