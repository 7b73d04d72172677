"""What is copied is in every translation, once, in the place of what stood in for it or near
what looked at it.
"""

import numpy as np
import pytest

from captioner.pipeline.copying import best_trial, with_copies
from captioner.pipeline.result import Candidate
from captioner.preprocess.text import Piece
from captioner.preprocess.typography import Reading
from captioner.preprocess.verbatim import StandIn


def candidate(
    text: str, looks: list[int], log_prob: float = -1.0, columns: int = 3, weight: float = 0.9
) -> Candidate:
    """A translation of which each word looked at one column."""
    words = tuple(text.split())
    attention = np.zeros((len(words), columns), np.float32)
    attention[range(len(words)), looks] = weight
    return Candidate(text, log_prob, words, (-0.1,) * len(words), attention)


def piece(*stand_ins: StandIn, num_words: int = 3) -> Piece:
    return Piece(Reading(("w",) * num_words, tuple(range(num_words))), 0, num_words, stand_ins)


SEVEN, ANN = StandIn(0, "drei", "7"), StandIn(2, "John", "Aoife")


@pytest.mark.parametrize(
    ("text", "looks", "stand_ins", "expected"),
    [
        ("Drei Hunde\nlaufen.", [0, 1, 2], (SEVEN,), "7 Hunde\nlaufen."),
        ("Drei Hunde, Johns.", [0, 1, 2], (SEVEN, ANN), "7 Hunde, Aoifes."),
        ("drei drei Hunde", [1, 0, 1], (SEVEN,), "drei 7 Hunde"),  # the one that looked at it
        ("Hunde (Jonny).", [1, 2], (ANN,), "Hunde (Aoife)."),  # a failed copy
    ],
)
def test_what_stood_in_gives_its_place(text, looks, stand_ins, expected):
    given = candidate(text, looks)
    found = with_copies(given, piece(*stand_ins))
    assert (found.text, found.words) == (expected, tuple(expected.split()))
    np.testing.assert_array_equal(found.attention, given.attention)
    assert (found.log_prob, found.word_log_probs) == (given.log_prob, given.word_log_probs)


@pytest.mark.parametrize(
    ("text", "looks", "expected"),
    [
        ("Hunde laufen schnell.", [1, 2, 0], "Hunde laufen Aoife schnell."),
        ("Hunde laufen.", [1, 2], "Hunde laufen Aoife."),
        ("Hunde laufen", [1, 2], "Hunde laufen Aoife"),
        ("", [], "Aoife"),
    ],
)
def test_what_was_not_written_is_put_in(text, looks, expected):
    found = with_copies(candidate(text, looks, weight=0.4), piece(ANN))
    assert (found.text, found.words) == (expected, tuple(expected.split()))
    assert len(found.word_log_probs) == len(found.words) == len(found.attention)
    assert (
        found.attention[found.words.index(next(word for word in found.words if "Aoife" in word)), 2]
        > 0.3
    )


def test_two_that_were_not_written_are_both_put_in():
    found = with_copies(candidate("Hunde laufen.", [1, 1], weight=0.4), piece(SEVEN, ANN))
    assert {"7", "Aoife"} <= {word.strip(".") for word in found.words}


@pytest.mark.parametrize(
    ("texts", "best"),
    [
        ([("a John", -9.0), ("a Jo", -1.0)], "a Aoife"),
        ([("a John", -9.0), ("b John", -1.0)], "b Aoife"),
        ([("a John", -9.0), ("b John John", -1.0)], "a Aoife"),
        ([("a John", -2.0), ("b c d e John", -3.0)], "b c d e Aoife"),
    ],
)
def test_the_trial_that_keeps_most_is_taken_and_then_the_likeliest(texts, best):
    found = [
        ([piece(ANN)], [(candidate(text, [2] * len(text.split()), value),)])
        for text, value in texts
    ]
    _, [[chosen]] = best_trial(found)
    assert chosen.text == best
