"""Sentences are padded behind, and long ones are cut where nothing is lost."""

import pytest
import torch

from captioner.preprocess.text import Piece, cut_reading, pad_sources, split_text
from captioner.preprocess.typography import Reading
from captioner.preprocess.verbatim import StandIn, Trial

PAD, EOS = 0, 2


def fits(text: str) -> bool:
    return len(text) <= 12


def test_sentences_end_and_are_padded_behind():
    sources = pad_sources([[5, 6], [], [7, 8, 9]], EOS, PAD)
    assert sources.token_ids.tolist() == [[5, 6, EOS, PAD], [EOS, PAD, PAD, PAD], [7, 8, 9, EOS]]
    assert sources.mask.tolist() == [
        [True, True, True, False],
        [True, False, False, False],
        [True] * 4,
    ]
    assert len(sources) == 3


def test_a_padding_token_within_a_sentence_is_real():
    assert pad_sources([[PAD, PAD]], EOS, PAD).mask.all()


def test_no_sentences():
    assert len(pad_sources([], EOS, PAD)) == 0


def test_sentences_move_whole():
    moved = pad_sources([[5]], EOS, PAD).to(torch.device("meta"))
    assert {moved.token_ids.device.type, moved.mask.device.type} == {"meta"}


@pytest.mark.parametrize("text", ["", " ", "a", "twelve signs", "A. B. C? D!"])
def test_a_sentence_that_fits_stays_whole(text):
    assert split_text(text, fits) == [text]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("one two three four", ["one two", "three four"]),
        ("one, two three four", ["one,", "two three", "four"]),
        ("one two; three four", ["one two;", "three four"]),
        ("at 3.14 or 2.71 it", ["at 3.14 or", "2.71 it"]),
        ("a" * 25, ["a" * 12, "a" * 6, "a" * 7]),
        ("a" * 20 + " b", ["a" * 10, "a" * 10, "b"]),
    ],
)
def test_a_sentence_that_does_not_fit_is_cut(text, pieces):
    assert split_text(text, fits) == pieces


@pytest.mark.parametrize(
    "text",
    [
        "word " * 10_000,
        "word. " * 10_000,
        "x" * 10_000,
        " " * 10_000,
        " ".join("x" * (number % 40) for number in range(500)),
        "Ein Satz.\tNoch\u2028einer! " * 99 + "\n",
    ],
    ids=["words", "sentences", "one word", "spaces", "words of all lengths", "spaces of all kinds"],
)
def test_nothing_but_white_space_is_lost_and_every_piece_fits(text):
    pieces = split_text(text, fits)
    assert all(fits(piece) for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_ten_thousand_words_are_cut_in_no_time():
    calls = []
    split_text("word " * 10_000, lambda text: bool(calls.append(1)) or fits(text))
    assert len(calls) < 20_000


def test_pieces_of_a_reading_keep_the_words_of_the_sentence():
    reading = Reading(("one", "two", "x" * 14, "y"), (1, 2, 2, 4))
    stand_ins = (StandIn(1, "b", "B"), StandIn(3, "d", "D"))
    assert cut_reading(Trial(reading, stand_ins), 6, fits) == [
        Piece(Reading(("one", "two"), (1, 2)), 0, 3, (StandIn(1, "b", "B"),)),
        Piece(Reading(("x" * 7,), (2,)), 2, 3),
        Piece(Reading(("x" * 7,), (2,)), 2, 3),
        Piece(Reading(("y",), (4,)), 4, 6, (StandIn(0, "d", "D"),)),
    ]
    assert cut_reading(Trial(Reading(("a",), (1,)), ()), 3, fits) == [
        Piece(Reading(("a",), (1,)), 0, 3)
    ]
