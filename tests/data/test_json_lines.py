"""Each value comes with its place, and a broken line is named by it."""

from pathlib import Path

import pytest

from captioner.data.json_lines import parse_json, read_json_lines
from captioner.errors import AnnotationError


def test_places_count_blank_lines_which_give_nothing():
    assert list(read_json_lines(['{"a": 1}', "  ", "[2]"], Path("x.jsonl"))) == [
        ("x.jsonl, line 1", {"a": 1}),
        ("x.jsonl, line 3", [2]),
    ]


def test_a_broken_line_is_named_behind_those_before_it():
    rows = read_json_lines(["1", "{"], Path("x.jsonl"), hint="; write JSON")
    assert next(rows) == ("x.jsonl, line 1", 1)
    with pytest.raises(
        AnnotationError, match=r"x\.jsonl, line 2: not valid JSON \(.*\); write JSON$"
    ):
        next(rows)


def test_the_words_that_stand_beside_captions_are_not_kept():
    text = '{"images": [{"sentences": [{"tokens": ["a", "dog"], "raw": "A dog."}]}]}'
    assert parse_json(text, Path("a.json")) == {"images": [{"sentences": [{"raw": "A dog."}]}]}


def test_a_photo_may_be_called_tokens():
    assert parse_json('{"tokens": "a dog runs"}', Path("a.json")) == {"tokens": "a dog runs"}


@pytest.mark.parametrize("read", [parse_json, lambda text, file: [*read_json_lines([text], file)]])
def test_what_stands_twice_in_an_object_is_named_unless_it_is_the_same(read):
    with pytest.raises(AnnotationError, match=r"'a\.jpg' stands twice in one object"):
        read('{"a.jpg": "a dog", "b.jpg": "cats", "a.jpg": "a cat"}', Path("a.json"))
    read('{"a.jpg": "a dog", "a.jpg": "a dog"}', Path("a.json"))
