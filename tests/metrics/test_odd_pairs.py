"""Odd pairs are found by texts alone, and what only looks odd is not."""

import pytest

from captioner.metrics.diversity import measure_diversity
from captioner.metrics.odd_pairs import COMMON_NOUN, COMMON_VERB, UsualPairs

TEXTS = [
    *["a dog is jumping over a fence"] * COMMON_VERB,
    *["a white dog near a building"] * COMMON_VERB,
    *["two women are running on a beach"] * COMMON_VERB,
    *["the couch stands in a room"] * COMMON_NOUN,
    *["a building near a couch", "a plane on the runway", "a white couch and a white dog"]
    * COMMON_NOUN,
    *["a plane waiting"] * (COMMON_VERB - 3),
    *["a plane is waiting"] * 50,
    *["a lamp is on"] * (COMMON_NOUN - 1),
    *["a man is juggling"] * (COMMON_VERB - 1),
]


@pytest.fixture(scope="module")
def usual() -> UsualPairs:
    return UsualPairs(TEXTS)


@pytest.mark.parametrize(
    ("caption", "pairs"),
    [
        ("a couch is jumping on a bed", [("couch", "jumping")]),
        ("a couch jumping on a bed", [("couch", "jumping")]),
        ("Two couches are jumping.", [("couches", "jumping")]),
        (
            "a couch is jumping while a fence is running",
            [("couch", "jumping"), ("fence", "running")],
        ),
        ("a white couch is jumping", [("couch", "jumping")]),
        ("a dog is jumping", []),
        ("dogs jumping", []),
        ("a woman is running", []),
        ("a woman on a beach running", []),
        ("a plane on the runway waiting", []),
        ("the runway is waiting", [("runway", "waiting")]),
        ("a lamp is jumping", []),
        ("a couch is juggling", []),
        ("a couch building", []),
        ("jumping", []),
        ("is jumping", []),
        ("near jumping", []),
        ("", []),
    ],
)
def test_a_pair_is_odd_where_both_are_common_and_nothing_of_the_name_does_it(usual, caption, pairs):
    assert usual.odd(caption) == pairs


def test_the_fraction_is_of_captions(usual):
    captions = ["a couch is jumping while a fence is running", "a dog is jumping", "a couch", ""]
    assert usual.fraction(captions) == 0.25
    assert usual.fraction([]) == 0


def test_references_are_averaged_by_image_and_examples_are_named():
    captions = ["a couch is jumping", "couch jumping", "a fence is running", "a dog"]
    references = [
        ["a couch is jumping", "a dog"],
        ["a dog"],
        ["a dog", "a dog", "a dog"],
        ["a dog"],
    ]
    measured = measure_diversity(captions, TEXTS, references=references)
    assert (measured.odd_pairs, measured.odd_pairs_of_references) == (0.75, 0.125)
    assert measured.odd_examples == ("couch jumping", "fence running")


@pytest.mark.parametrize("texts", [None, [], ["a dog is jumping"] * 9, ["ein Hund springt"] * 999])
def test_texts_that_cannot_tell_give_no_figure(texts):
    measured = measure_diversity(["a couch is jumping"], texts, references=[["a dog"]])
    assert (measured.odd_pairs, measured.odd_pairs_of_references, measured.odd_examples) == (
        None,
        None,
        (),
    )
