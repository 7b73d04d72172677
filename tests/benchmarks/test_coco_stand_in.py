"""The stand-in for COCO has its layout, its counts and its splits, and is the same for the same
seed.
"""

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.coco_stand_in import PARTS, draw_photos, make
from captioner.data.examples import check_images, read_captions

SHRINK = 1_000


@pytest.fixture
def stand_in(photos, tmp_path) -> Path:
    texts = tmp_path / "texts.tsv"
    texts.write_text(
        "".join(f"{number}\tA dog, number {number}.\n" for number in range(40)), encoding="utf-8"
    )
    make(tmp_path / "coco", photos[0].parent, [texts], seed=3, shrink=SHRINK)
    return tmp_path / "coco"


def test_counts_are_those_of_coco():
    photos = draw_photos(["a dog"], seed=0)
    assert len({photo.image_id for photo in photos}) == 123_287
    captions = Counter(
        photo.name(year)[:9] for year in (2014, 2017) for photo in photos for _ in photo.captions
    )
    assert captions == {
        "train2014": 414_113,
        "val2014/C": 202_654,
        "train2017": 591_753,
        "val2017/0": 25_014,
    }
    assert (
        sum(len(photo.captions) for photo in photos if photo.part in ("train", "restval"))
        == 566_747
    )
    assert [sum(photo.part == part for photo in photos) for part in PARTS] == [
        82_783,
        30_504,
        5_000,
        5_000,
    ]


def test_training_reads_karpathys_split(stand_in):
    examples = read_captions(stand_in / "dataset_coco.json", stand_in)
    check_images(examples)
    assert Counter(example.split for example in examples) == {"train": 82 + 30, "val": 5, "test": 5}
    train, val = (
        {each.image.resolve() for each in examples if each.split == split}
        for split in ("train", "val")
    )
    assert train and val and train.isdisjoint(val)


@pytest.mark.parametrize("year", [2014, 2017])
def test_the_official_annotations_say_the_same(stand_in, year):
    told = {
        each.image_id: each.captions
        for each in read_captions(stand_in / "dataset_coco.json", stand_in)
    }
    parts = [
        read_captions(stand_in / f"annotations/captions_{split}{year}.json", stand_in)
        for split in ("train", "val")
    ]
    assert {example.image_id: example.captions for part in parts for example in part} == told
    assert len(parts[1]) == {2014: 40, 2017: 5}[year]


def test_a_seed_makes_the_same_files_again(stand_in, tmp_path, photos):
    make(tmp_path / "again", photos[0].parent, [tmp_path / "texts.tsv"], seed=3, shrink=SHRINK)
    files = [folder / "dataset_coco.json" for folder in (stand_in, tmp_path / "again")]
    assert files[0].read_bytes() == files[1].read_bytes()
