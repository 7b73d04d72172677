"""A record is the row that users read."""

import json
from collections.abc import Callable

from captioner.outputs.record import Record


def test_to_dict_is_the_row_of_a_captioned_file(captioned: Callable[..., Record]) -> None:
    row = captioned("a.jpg", "a dog", "a cat", log_prob=-1.5).to_dict()
    assert list(row) == ["file", "caption", "log_prob", "candidates", "model", "error"]
    assert json.dumps(row) == (
        '{"file": "a.jpg", "caption": "a dog", "log_prob": -1.5, "candidates": [{"caption": "a dog", "log_prob": -1.5},'
        ' {"caption": "a cat", "log_prob": -2.5}], "model": "flickr8k", "error": null}'
    )


def test_to_dict_is_the_row_of_a_failed_file(failed: Callable[..., Record]) -> None:
    assert failed("a.jpg", "empty").to_dict() == {
        "file": "a.jpg",
        "caption": None,
        "log_prob": None,
        "candidates": [],
        "model": "flickr8k",
        "error": {"type": "CorruptFileError", "message": "empty"},
    }
