"""COCO results are one whole array, and pycocotools reads them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from captioner.outputs.coco_results import CocoResultsWriter, image_id
from captioner.outputs.record import Record

IDS = [
    ("COCO_val2014_000000123456.jpg", 123456),
    ("/data/val2014/COCO_val2014_000000123456.jpg", 123456),
    ("COCO_train2014_000000000009.jpg", 9),
    ("val2017/000000123456.jpg", 123456),
    ("000000581929.png", 581929),
    ("1000268201_693b08cb0e.jpg", "1000268201_693b08cb0e.jpg"),
    ("trip/IMG_0012.jpg", "IMG_0012.jpg"),
    ("12.jpg", "12.jpg"),
    ("0000001234567.jpg", "0000001234567.jpg"),
    ("٠٠٠٠٠٠١٢٣٤٥٦.jpg", "٠٠٠٠٠٠١٢٣٤٥٦.jpg"),
]


@pytest.mark.parametrize(("file", "expected"), IDS)
def test_image_id_is_coco_s_number_or_the_name(file: str, expected: int | str) -> None:
    assert image_id(file) == expected


def test_captions_are_read_back_equal_and_failed_files_left_out(
    tmp_path: Path, hard_records: tuple[Record, ...]
) -> None:
    with CocoResultsWriter(tmp_path / "out.json") as writer:
        for record in hard_records:
            writer.write(record)
    results = json.loads((tmp_path / "out.json").read_text())
    assert results == [
        {"image_id": Path(record.file).name, "caption": record.caption}
        for record in hard_records
        if record.error is None
    ]


def test_no_captions_are_an_empty_array(tmp_path: Path, failed: Callable[..., Record]) -> None:
    with CocoResultsWriter(tmp_path / "out.json") as writer:
        writer.write(failed("a.jpg"))
    assert (tmp_path / "out.json").read_text() == "[]"


def test_pycocotools_reads_the_results(tmp_path: Path, captioned: Callable[..., Record]) -> None:
    coco = pytest.importorskip("pycocotools.coco").COCO()
    coco.dataset = {"images": [{"id": 9}, {"id": 123456}], "annotations": []}
    coco.createIndex()
    with CocoResultsWriter(tmp_path / "out.json") as writer:
        writer.write(captioned("COCO_val2014_000000123456.jpg", "a dog"))
    loaded = coco.loadRes(str(tmp_path / "out.json"))
    assert [one["caption"] for one in loaded.imgToAnns[123456]] == ["a dog"]
