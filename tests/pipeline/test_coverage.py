"""A translation is doubtful by its length, or where a third of the source was never looked at."""

import numpy as np
import pytest

from captioner.pipeline import Candidate
from captioner.pipeline.coverage import is_doubtful


def candidate(text: str, looks: list[float]) -> Candidate:
    words = tuple(text.split())
    return Candidate(
        text,
        -1.0,
        words,
        (-0.1,) * len(words),
        np.array([looks] * len(words), np.float32) / len(words),
    )


@pytest.mark.parametrize(
    ("source_letters", "letters", "doubtful"),
    [
        (100, 100, False),
        (100, 40, False),
        (100, 39, True),
        (100, 250, False),
        (100, 251, True),
        (3, 10, False),
        (9, 1, False),
    ],
)
def test_by_its_length(source_letters, letters, doubtful):
    assert is_doubtful(candidate("x" * letters, [1.0]), "y" * source_letters) is doubtful


@pytest.mark.parametrize(
    ("looks", "doubtful"),
    [
        ([1, 1, 1, 1, 1, 1], False),
        ([1, 1, 1, 1, 1, 0], False),
        ([1, 1, 1, 1, 0.05, 0.05], True),
        ([1, 1, 1, 1, 0.2, 0.2], False),
        ([1, 1, 0], False),
    ],
)
def test_by_where_the_model_looked(looks, doubtful):
    assert is_doubtful(candidate("a b c", looks), "s s s") is doubtful


def test_nothing_said_of_nothing():
    assert not is_doubtful(Candidate("", 0.0, (), (), np.zeros((0, 0), np.float32)), "")
