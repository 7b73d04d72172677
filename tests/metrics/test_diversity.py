"""What scores hide, counted by hand."""

import pytest

from captioner.errors import ScoreError
from captioner.metrics.diversity import measure_diversity


def test_counts_that_can_be_checked_by_hand() -> None:
    measured = measure_diversity(
        ["A dog and a dog.", "a cat"], training_captions=["a cat!", "a bird"]
    )
    assert measured.vocabulary_size == 4
    assert measured.distinct_1 == pytest.approx(4 / 7)
    assert measured.distinct_2 == pytest.approx(4 / 5)
    assert measured.mean_length == 3.5
    assert measured.repeated_2grams == pytest.approx(1 / 5)
    assert measured.novelty == 0.5


def test_without_training_captions_there_is_no_novelty() -> None:
    assert measure_diversity(["a dog"]).to_dict()["novelty"] is None


def test_captions_as_long_as_allowed_are_counted() -> None:
    captions = ["a dog runs", "a dog runs fast", "a dog", "a dog runs so very fast."]
    assert measure_diversity(captions, max_length=4).at_max_length == 0.5
    assert measure_diversity(captions).at_max_length is None


def test_captions_that_break_off_are_counted() -> None:
    captions = ["A man in a", "a man in a hat", "", "a dog and", "the"]
    assert measure_diversity(captions).broken_off == pytest.approx(3 / 5)


def test_empty_captions_count_as_captions_without_words() -> None:
    measured = measure_diversity(["", "a"])
    assert (measured.mean_length, measured.distinct_2, measured.repeated_2grams) == (0.5, 0, 0)


def test_no_captions_are_refused() -> None:
    with pytest.raises(ScoreError, match="no captions"):
        measure_diversity([])
