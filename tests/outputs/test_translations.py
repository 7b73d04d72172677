"""One line a translation, rows of JSON that any reader understands, and a matrix that is dark
where the weights are.
"""

import json
import warnings

import numpy as np
import pytest

from captioner.errors import ShapeError
from captioner.outputs.record import Candidate, Record
from captioner.outputs.translations import (
    MOST_WORDS_DRAWN,
    draw_alignment,
    json_row,
    pharaoh,
    text_line,
)

HARD = 'tab\tfeed\nreturn\r "quoted" \u2028 \x85 Straße \ud800'


def test_a_row_has_the_keys_that_rows_of_all_senses_share():
    row = json.loads(
        json_row(
            "two dogs",
            [("zwei Hunde", -1.5), ("zwei", -2.5)],
            "en-de",
            [("a", "b", True)],
            ("en", "de"),
        )
    )
    record = Record(
        "x.jpg", "a dog", -1.5, (Candidate("a dog", -1.5), Candidate("dog", -2.5)), "m", None
    )
    renamed = {"file": "source", "caption": "text"}
    shared = [
        renamed.get(key, key)
        for key in record.to_row("caption")
        if key not in ("confidence", "concepts", "language")
    ]
    assert sorted(row) == sorted(
        [*shared, "source_language", "target_language", "doubtful", "sentences"]
    )
    assert [list(one) for one in row["candidates"]] == [["text", "log_prob"]] * 2
    assert row == {
        "source": "two dogs",
        "text": "zwei Hunde",
        "log_prob": -1.5,
        "candidates": [
            {"text": "zwei Hunde", "log_prob": -1.5},
            {"text": "zwei", "log_prob": -2.5},
        ],
        "model": "en-de",
        "source_language": "en",
        "target_language": "de",
        "error": None,
        "doubtful": True,
        "sentences": [{"source": "a", "text": "b", "doubtful": True}],
    }


def test_a_row_is_one_line_of_ascii_whatever_is_in_it():
    line = json_row(HARD, [(HARD, -1.0)], "m", [(HARD, HARD, False)], ("en", ""))
    assert line.isascii()
    assert len(line.splitlines()) == 1
    assert json.loads(line)["source"] == json.loads(line)["text"] == HARD


def test_alignments_stand_in_a_row_where_they_are_wanted():
    row = json.loads(
        json_row("a b", [("c d", -1.0)], "m", [], ("en", "de"), alignments=((1, 0), (0, 1)))
    )
    assert row["alignments"] == "1-0 0-1"
    assert (
        json.loads(json_row("", [("", 0.0)], "m", [], ("en", "de"), alignments=()))["alignments"]
        == ""
    )


def test_alignments_are_source_then_target():
    assert pharaoh(((0, 0), (2, 1), (10, 2))) == "0-0 2-1 10-2"
    assert pharaoh(()) == ""


def test_candidates_are_one_line_with_tabs_between_them():
    assert text_line(["zwei Hunde", "zwei"]) == "zwei Hunde\tzwei"
    assert text_line(["a\tb\nc\rd", "e"]) == "a b c d\te"
    assert text_line([""]) == ""


def pixels(source: list[str], target: list[str], attention: np.ndarray) -> np.ndarray:
    """Darkness of each cell, read back from the picture; the matrix lies at the lower right."""
    image = draw_alignment(source, target, attention)
    assert image.mode == "RGB"
    return 255 - np.asarray(image.convert("L"), dtype=float)


def test_the_picture_is_dark_where_the_weights_are():
    words = [list("abcd"), list("xyz")]
    dark = {}
    for row, column in [(0, 0), (0, 3), (2, 0), (2, 3), (1, 2)]:
        attention = np.zeros((3, 4), np.float32)
        attention[row, column] = 1
        shown = pixels(*words, attention) - pixels(*words, np.zeros((3, 4)))
        down, across = np.argwhere(shown > 100).mean(0)
        dark[row, column] = (down, across)
    assert dark[0, 0][0] == pytest.approx(dark[0, 3][0], abs=1)
    assert dark[0, 0][1] == pytest.approx(dark[2, 0][1], abs=1)
    step_down, step_across = (
        (dark[2, 0][0] - dark[0, 0][0]) / 2,
        (dark[0, 3][1] - dark[0, 0][1]) / 3,
    )
    assert step_down == pytest.approx(step_across, abs=1)
    assert step_down > 30
    assert dark[1, 2] == pytest.approx(
        (dark[0, 0][0] + step_down, dark[0, 0][1] + 2 * step_across), abs=2
    )


def test_a_greater_weight_is_darker():
    light, dark = (pixels(["a"], ["x"], np.full((1, 1), weight)).max() for weight in (0.2, 0.4))
    assert (
        pixels(["a"], ["x"], np.full((1, 1), 1.0)).sum()
        > pixels(["a"], ["x"], np.full((1, 1), 0.5)).sum()
    )
    assert light <= dark


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ([], []),
        (["a"], []),
        (["two"], ["$x^2$", "$", "100%"]),
        (["写真", "🐕"], ["übergrößenlangeswort" * 9]),
        (["word"] * 61, ["Wort"]),
        (["word"], ["Wort"] * 61),
    ],
)
def test_any_words_are_drawn_without_a_warning(source, target):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        image = draw_alignment(source, target, np.zeros((len(target), len(source)), np.float32))
    assert 50 < image.width < (MOST_WORDS_DRAWN + 15) * 60
    assert 50 < image.height < (MOST_WORDS_DRAWN + 15) * 60


@pytest.mark.parametrize("shape", [(2, 3), (3, 2, 1), (6,)])
def test_weights_that_do_not_fit_the_words_are_refused(shape):
    with pytest.raises(ShapeError, match="for 3 and 2 words"):
        draw_alignment(["a", "b"], ["x", "y", "z"], np.ones(shape))
