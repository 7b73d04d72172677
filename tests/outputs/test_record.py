"""A record is the row that users read."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from captioner.outputs.record import Concept, Record, Segment


def test_the_row_of_a_captioned_file(captioned: Callable[..., Record]) -> None:
    row = captioned("a.jpg", "a dog", "a cat", log_prob=-1.5).to_row("caption")
    names = [
        "file",
        "caption",
        "log_prob",
        "candidates",
        "model",
        "error",
        "language",
        "confidence",
        "concepts",
    ]
    assert list(row) == names
    assert json.dumps(row) == (
        '{"file": "a.jpg", "caption": "a dog", "log_prob": -1.5, "candidates": '
        '[{"caption": "a dog", "log_prob": -1.5, "confidence": null}, '
        '{"caption": "a cat", "log_prob": -2.5, "confidence": null}], "model": "flickr8k", "error":'
        " null, "
        '"language": null, "confidence": null, "concepts": []}'
    )


def test_a_label_has_its_name_and_its_probability(
    captioned: Callable[..., Record], failed: Callable[..., Record]
) -> None:
    record = captioned("a.mp4", "Surfing", "Archery", log_prob=-0.5)
    row = record.to_row("label")
    assert list(row) == ["file", "label", "log_prob", "probability", "candidates", "model", "error"]
    assert (row["label"], row["probability"]) == ("Surfing", pytest.approx(0.6065, abs=1e-4))
    assert row["candidates"][1] == {
        "label": "Archery",
        "log_prob": -1.5,
        "probability": pytest.approx(0.2231, abs=1e-4),
    }
    assert failed("a.mp4").to_row("label")["probability"] is None


def test_the_row_of_a_failed_file(failed: Callable[..., Record]) -> None:
    assert failed("a.jpg", "empty").to_row("caption") == {
        "file": "a.jpg",
        "caption": None,
        "log_prob": None,
        "candidates": [],
        "model": "flickr8k",
        "error": {"type": "CorruptFileError", "message": "empty"},
        "language": None,
        "confidence": None,
        "concepts": [],
    }


def test_a_row_gives_back_its_record(captioned: Callable[..., Record]) -> None:
    sure = replace(
        captioned("a.jpg", "a dog"),
        confidence=0.75,
        concepts=(Concept("dog", 0.5), Concept("cat", 0.25)),
    )
    assert sure.to_dict()["concepts"][1] == {"name": "cat", "probability": 0.25}
    assert Record.from_dict(json.loads(json.dumps(sure.to_dict()))) == sure
    said = replace(captioned("a.wav", "two"), duration_s=1.5, segments=(Segment(0.0, 1.5, "two"),))
    assert Record.from_dict(json.loads(json.dumps(said.to_dict()))) == said
