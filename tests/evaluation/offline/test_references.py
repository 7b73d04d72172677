"""References of any format are read as training reads them."""

import json

import pytest

from captioner.errors import AnnotationError, EmptyDataError, ScoreError, UsageError
from captioner.evaluation.offline.references import read_references, read_training_captions

COCO = {
    "images": [
        {"id": 7, "file_name": "COCO_val2014_000000000007.jpg"},
        {"id": 3, "file_name": "cats.jpg"},
    ],
    "annotations": [
        {"id": 1, "image_id": 7, "caption": "A dog runs ."},
        {"id": 2, "image_id": 3, "caption": "Two cats"},
        {"id": 4, "image_id": 7, "caption": "A dog ."},
    ],
}
KARPATHY = {
    "images": [
        {
            "filename": "b.jpg",
            "split": "test",
            "sentences": [{"raw": "A dog runs ."}, {"raw": "A dog ."}],
        },
        {"filename": "a.jpg", "split": "train", "sentences": [{"raw": "Two cats"}]},
    ]
}
TEXTS = {"b.jpg": ("A dog runs .", "A dog ."), "a.jpg": ("Two cats",)}


@pytest.mark.parametrize(
    "content",
    [
        "image,caption\nb.jpg,A dog runs .\na.jpg,Two cats\nb.jpg,A dog .\n",
        "b.jpg#0\tA dog runs .\nb.jpg#1\tA dog .\na.jpg#0\tTwo cats\n",
        '{"file_name": "b.jpg", "captions": ["A dog runs .", "A dog ."]}\n{"file_name": "a.jpg",'
        ' "text": "Two cats"}\n',
    ],
    ids=["csv", "tokens", "jsonl"],
)
def test_every_format_gives_the_same_without_any_photo(write, content):
    references = read_references([write("refs", content)])
    assert (references.texts, references.aligned) == (TEXTS, False)


def test_coco_goes_by_number_and_karpathys_test_split_is_what_counts(write):
    assert read_references([write("coco", json.dumps(COCO))]).texts == {
        7: TEXTS["b.jpg"],
        3: TEXTS["a.jpg"],
    }
    karpathy = write("karpathy", json.dumps(KARPATHY, indent=1))
    assert read_references([karpathy]).texts == {"b.jpg": TEXTS["b.jpg"]}
    assert read_references([karpathy], split="train").texts == {"a.jpg": TEXTS["a.jpg"]}
    assert read_training_captions([karpathy]) == ["Two cats"]


def test_an_item_goes_by_number_name_and_the_number_in_its_name(write):
    names = read_references([write("coco", json.dumps(COCO))]).names()
    for call in (7, "7", "COCO_val2014_000000000007.jpg"):
        assert names[call] == 7
    assert names["cats.jpg"] == names[3] == 3


def test_a_name_that_two_items_share_means_neither(write):
    content = "image,caption\nx/a.jpg,one\ny/a.jpg,two\n"
    names = read_references([write("refs", content)]).names()
    assert "a.jpg" not in names
    assert names["x/a.jpg"] == "x/a.jpg"


def test_plain_files_are_aligned_and_an_empty_line_is_no_reference(write):
    files = [write("one", "[laughter] yes\r\na  dog\u2028runs\n"), write("two", "{well} yes\n\n")]
    references = read_references(files)
    assert references.texts == {1: ("[laughter] yes", "{well} yes"), 2: ("a dog runs",)}
    assert references.aligned
    assert read_training_captions(files) == ["[laughter] yes", "a dog runs", "{well} yes", ""]


def test_what_cannot_be_a_reference_says_why(write):
    one, two, table = (
        write("one", "a\nb\n"),
        write("two", "a\n"),
        write("table", "image,caption\na.jpg,x\n"),
    )
    blank = write("blank", "a\n\n")
    for files, split, error, message in (
        ([], None, UsageError, "--references"),
        ([one, two], None, ScoreError, "2 lines and .*two has 1"),
        ([one, table], None, UsageError, "stands alone"),
        ([one], "val", UsageError, "no splits"),
        ([blank], None, ScoreError, "line 2: no reference"),
        ([write("empty", "")], None, EmptyDataError, "empty"),
        ([one.parent / "none"], None, AnnotationError, "cannot be read"),
    ):
        with pytest.raises(error, match=message):
            read_references(files, split)
