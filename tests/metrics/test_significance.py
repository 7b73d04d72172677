"""Intervals and p-values behave as on data whose answer is known."""

import random

import pytest

from captioner.errors import ScoreError
from captioner.metrics import Report, score
from captioner.metrics.significance import compare, confidence_intervals

WORDS = ["a", "dog", "runs", "on", "the", "grass", "with", "ball"]


def report(noise: float, seed: int = 0) -> Report:
    """Score hypotheses that are a reference with a share of its words replaced."""
    draw, spoil = random.Random(7), random.Random(seed)
    references = {i: [" ".join(draw.choices(WORDS, k=9))] for i in range(150)}
    hypotheses = {
        i: " ".join("x" if spoil.random() < noise else word for word in texts[0].split())
        for i, texts in references.items()
    }
    return score(hypotheses, references)


def test_intervals_hold_the_score_and_are_the_same_each_time() -> None:
    scored = report(0.3)
    intervals = confidence_intervals(scored)
    assert list(intervals) == list(scored.scores)
    for name, interval in intervals.items():
        assert interval.low < scored.scores[name] < interval.high
        assert interval.high - interval.low < scored.scores[name]
    assert confidence_intervals(scored) == intervals


def test_the_interval_of_a_mean_is_the_textbook_one() -> None:
    scored = report(0.3)
    interval = confidence_intervals(scored)["ROUGE-L"]
    error = scored.per_image["ROUGE-L"].std() / len(scored.ids) ** 0.5
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * error, rel=0.1)


def test_a_clear_difference_is_no_luck_and_a_small_one_may_be() -> None:
    clear, luck = compare(report(0.5), report(0.2)), compare(report(0.3), report(0.3, seed=1))
    for name in ("BLEU-4", "ROUGE-L", "CIDEr"):
        assert clear[name].difference > 0
        assert max(clear[name].bootstrap, clear[name].randomisation) < 0.01
        assert min(luck[name].bootstrap, luck[name].randomisation) > 0.05


def test_a_system_equals_itself() -> None:
    for comparison in compare(report(0.3), report(0.3)).values():
        assert (comparison.difference, comparison.bootstrap, comparison.randomisation) == (0, 1, 1)


def test_turning_the_two_around_turns_the_sign_alone() -> None:
    there, back = compare(report(0.3), report(0.25)), compare(report(0.25), report(0.3))
    for name in there:
        assert there[name].difference == pytest.approx(-back[name].difference)
        assert there[name].bootstrap == back[name].bootstrap


def test_other_images_cannot_be_compared() -> None:
    with pytest.raises(ScoreError, match="same references"):
        compare(report(0.3), score({"x": "a"}, {"x": ["a"]}))
