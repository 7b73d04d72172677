"""Hypotheses of any format meet their references, and what does not fit is named."""

import json
from pathlib import Path
from unicodedata import normalize

import pytest

from captioner.errors import AnnotationError, ScoreError
from captioner.evaluation.offline.hypotheses import read_hypotheses
from captioner.evaluation.offline.references import References
from captioner.outputs.csv_table import CsvWriter
from captioner.outputs.jsonl import JsonlWriter
from captioner.outputs.record import ErrorInfo, Record

NAMED = References({"b.jpg": ("A dog .",), "sub/a.jpg": ("Two cats",)}, {}, aligned=False)
COCO = References(
    {7: ("A dog .",), 3: ("Two cats",)},
    {7: Path("000000000007.jpg"), 3: Path("dir/cats.jpg")},
    aligned=False,
)
LINES = References({1: ("A dog .",), 2: ("Two cats",)}, {}, aligned=True)
FOUND = {"b.jpg": "a dog, really", "sub/a.jpg": "cats"}


def record(file: str, caption: str | None) -> Record:
    error = ErrorInfo("CorruptFileError", "the file is empty") if caption is None else None
    return Record(file, caption, None if error else -1.0, (), "flickr8k", error)


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(
            [
                {"image_id": "sub/a.jpg", "caption": "cats"},
                {"image_id": "b.jpg", "caption": "a dog, really"},
            ]
        ),
        '{"file": "x/y/b.jpg", "caption": "a dog, really"}\n\n{"file": "a.jpg", "caption":'
        ' "cats"}\n',
        'File,n,Caption\r\nC:\\photos\\b.jpg,1,"a dog, really"\r\n/photos/sub/a.jpg,2,cats\r\n',
        'image,caption\na.jpg,cats\nb.jpg,"a dog, really"\n',
        "a.jpg#0\tcats\nb.jpg#0\ta dog, really\n",
    ],
    ids=["coco", "jsonl", "csv", "csv with image", "tokens"],
)
def test_every_format_and_every_spelling_of_a_name_finds_its_item(write, content):
    assert read_hypotheses(write("hyps", content), NAMED) == FOUND


@pytest.mark.parametrize("dog", [7, "7", "000000000007.jpg", "val/COCO_val2014_000000000007.jpg"])
def test_items_with_numbers_are_found_by_number_and_by_name(write, dog):
    rows = [{"image_id": dog, "caption": "a dog"}, {"image_id": "cats.jpg", "caption": "cats"}]
    assert read_hypotheses(write("hyps", json.dumps(rows)), COCO) == {7: "a dog", 3: "cats"}


def test_references_by_name_are_found_by_cocos_number(write):
    references = References({"000000000007.jpg": ("A dog .",)}, {}, aligned=False)
    file = write("hyps", json.dumps([{"image_id": 7, "caption": "a dog"}]))
    assert read_hypotheses(file, references) == {"000000000007.jpg": "a dog"}


@pytest.mark.parametrize("writer", [JsonlWriter, CsvWriter])
def test_what_captioner_writes_is_read_and_a_failure_is_named(tmp_path, writer):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    with writer(whole) as output:
        output.write(record("b.jpg", "a dog, really"))
        output.write(record("a.jpg", "cats"))
    assert read_hypotheses(whole, NAMED) == FOUND
    with writer(broken) as output:
        output.write(record("b.jpg", "a dog"))
        output.write(record("a.jpg", None))
    with pytest.raises(
        ScoreError, match=r"1 failed, which counts as missing: 'sub/a\.jpg' \(.*the file is empty\)"
    ):
        read_hypotheses(broken, NAMED)


def test_unknown_missing_and_repeated_are_each_named(write):
    rows = [
        {"image_id": name, "caption": f"x{name}"} for name in (7, "cow.jpg", "000000000007.jpg", 99)
    ]
    with pytest.raises(ScoreError) as error:
        read_hypotheses(write("hyps", json.dumps(rows)), COCO)
    message = str(error.value)
    assert "2 not in the references (remove them): 'cow.jpg', 99" in message
    assert "1 without a hypothesis: 3" in message
    assert "1 more than once: 7" in message


def test_equal_captions_of_one_item_are_one(write):
    """As samplers that fill up the last batch of several machines write them."""
    rows = [{"image_id": name, "caption": "x"} for name in (7, 3, "000000000007.jpg", 7)]
    assert read_hypotheses(write("hyps", json.dumps(rows)), COCO) == {7: "x", 3: "x"}


def test_a_photo_goes_by_whichever_of_its_names_is_known(write):
    rows = [
        {"file": "tmp/x.jpg", "image_id": 7, "caption": "a dog"},
        {"image_id": 3.0, "caption": "cats"},
    ]
    assert read_hypotheses(write("hyps", json.dumps(rows)), COCO) == {7: "a dog", 3: "cats"}


def test_references_with_folders_of_windows_are_found_without_them(write):
    references = References({r"C:\photos\a.jpg": ("A dog .",)}, {}, aligned=False)
    file = write("hyps", '{"file": "a.jpg", "caption": "a dog"}')
    assert read_hypotheses(file, references) == {r"C:\photos\a.jpg": "a dog"}


@pytest.mark.parametrize("forms", [("NFC", "NFD"), ("NFD", "NFC")])
@pytest.mark.parametrize("name", ["für.jpg", "sub/für.jpg"])
def test_names_that_look_alike_match(write, forms, name):
    stated, called = (normalize(form, name) for form in forms)
    references = References({stated: ("A dog .",)}, {}, aligned=False)
    for call in (called, called.rpartition("/")[2], f"C:\\photos\\{called.rpartition('/')[2]}"):
        file = write("hyps", json.dumps([{"image_id": call, "caption": "a dog"}]))
        assert read_hypotheses(file, references) == {stated: "a dog"}


def test_partial_hypotheses_are_those_that_are_there(write):
    partly = write(
        "hyps", '{"file": "b.jpg", "caption": "a dog"}\n{"file": "a.jpg", "error": "broken"}\n'
    )
    with pytest.raises(
        ScoreError,
        match=r"1 failed, which counts as missing: .*; --partial scores the others alone",
    ):
        read_hypotheses(partly, NAMED)
    assert read_hypotheses(partly, NAMED, partial=True) == {"b.jpg": "a dog"}
    for content, message in (
        ("[]", "no item of the references has a hypothesis"),
        (
            '[{"image_id": "c.jpg", "caption": "x"}]',
            r"1 not in the references \(remove it\): 'c\.jpg'",
        ),
    ):
        with pytest.raises(ScoreError, match=message):
            read_hypotheses(write("hyps", content), NAMED, partial=True)


def test_a_failure_that_was_mended_later_is_none(write):
    rows = (
        '{"file": "b.jpg", "error": "x"}\n{"file": "a.jpg", "caption": "y"}\n{"file": "b.jpg",'
        ' "caption": "z"}\n'
    )
    assert read_hypotheses(write("hyps", rows), NAMED) == {"b.jpg": "z", "sub/a.jpg": "y"}


def test_no_hypotheses_at_all_are_all_missing(write):
    with pytest.raises(ScoreError, match=r"2 without a hypothesis: 'b\.jpg', 'sub/a\.jpg'$"):
        read_hypotheses(write("hyps", "[]"), NAMED)


def test_an_empty_caption_is_a_hypothesis(write):
    assert read_hypotheses(write("hyps", "\ncats\n"), LINES) == {1: "", 2: "cats"}
    rows = [{"image_id": 7, "caption": ""}, {"image_id": 3, "caption": "cats"}]
    assert read_hypotheses(write("rows", json.dumps(rows)), COCO) == {7: "", 3: "cats"}


@pytest.mark.parametrize(
    ("content", "references", "error", "message"),
    [
        ("a dog\n", LINES, ScoreError, "1 lines, the references have 2"),
        ("", LINES, ScoreError, "0 lines, the references have 2"),
        ("", NAMED, ScoreError, "is empty"),
        ("a dog\ncats\n", NAMED, ScoreError, "plain text, but the references name photos"),
        ("image,caption\nb.jpg,x\n", LINES, ScoreError, "the references are plain lines"),
        ('[{"image_id": 7, "caption": "x"', COCO, AnnotationError, "line 1: not valid JSON"),
        (
            '{"file": "b.jpg", "caption": "x"}\n{"file":',
            NAMED,
            AnnotationError,
            "line 2: not valid JSON",
        ),
        (
            '[{"image_id": true, "caption": "x"}]',
            COCO,
            AnnotationError,
            r"\[0\]: `image_id` must name",
        ),
        ('[{"image_id": 7.5, "caption": "x"}]', COCO, AnnotationError, "must name the photo"),
        ('[{"image_id": 7, "caption": null}]', COCO, AnnotationError, "`caption` must be there"),
        ("[[7]]", COCO, AnnotationError, "an object"),
        ("n,caption\n1,x\n", NAMED, ScoreError, "plain text, but"),
        ("file,caption\nb.jpg,x, y\n", NAMED, AnnotationError, "line 2: 3 fields"),
        ('file,caption\nb.jpg,"x\n', NAMED, AnnotationError, "not valid CSV"),
    ],
)
def test_what_cannot_be_read_says_where(write, content, references, error, message):
    with pytest.raises(error, match=message):
        read_hypotheses(write("hyps", content), references)
