"""A sampled text's reward is the score that the project's own metrics give it."""

import numpy as np
import pytest

from captioner.errors import ConfigError
from captioner.metrics import score
from captioner.training import reward as reward_module
from captioner.training.reward import CaptionReward, TranscriptReward, TranslationReward

REFERENCES = [
    ["A brown dog runs on the grass.", "a dog is running"],
    ["Two men climb a steep wall", "men climbing"],
    ["A child in a red coat", "the child wears a coat of red"],
]
TEXTS = ["a brown dog is running", "two men climb", "a dog in a red coat"]
ALL = [True, True, True]


def test_bleu_is_that_of_the_scorer_but_for_the_end():
    reward = CaptionReward(REFERENCES, {"BLEU-4": 1.0})
    ended = [f"{text} zzz" for text in TEXTS]  # an end that all share is a word that all share
    with_end = score(
        dict(enumerate(ended)),
        {n: [f"{text} zzz" for text in texts] for n, texts in enumerate(REFERENCES)},
    )
    np.testing.assert_allclose(
        reward(range(3), TEXTS, ALL), with_end.per_image["BLEU-4"] / 100, atol=1e-6
    )


def test_cider_is_that_of_the_scorer_but_for_the_end():
    reward = CaptionReward(REFERENCES, {})
    ended = {n: f"{text} zzz" for n, text in enumerate(TEXTS)}
    with_end = score(
        ended, {n: [f"{text} zzz" for text in texts] for n, texts in enumerate(REFERENCES)}
    )
    np.testing.assert_allclose(
        reward(range(3), TEXTS, ALL), with_end.per_image["CIDEr"] / 100, atol=1e-6
    )


def test_document_frequencies_are_the_same_however_many_items_are_counted_at_once(monkeypatch):
    whole = CaptionReward(REFERENCES, {})(range(3), TEXTS, ALL)
    monkeypatch.setattr(reward_module, "ITEMS_AT_ONCE", 2)
    np.testing.assert_array_equal(CaptionReward(REFERENCES, {})(range(3), TEXTS, ALL), whole)


def test_weights_add_up():
    parts = [
        CaptionReward(REFERENCES, {name: 1.0})(range(3), TEXTS, ALL) for name in ("CIDEr", "BLEU-4")
    ]
    both = CaptionReward(REFERENCES, {"CIDEr": 2.0, "BLEU-4": 0.5})(range(3), TEXTS, ALL)
    np.testing.assert_allclose(both, 2 * parts[0] + 0.5 * parts[1])


def test_a_caption_that_names_what_is_not_there_loses():
    reward = CaptionReward(REFERENCES, {"CHAIRs": 0.5})
    texts = ["a dog runs", "a cat runs", "a dog with two cats and a car", "it runs"]
    np.testing.assert_array_equal(reward([0] * 4, texts, [True] * 4), [0, -0.5, -0.5, 0])


def test_a_photo_with_one_caption_does_not_tell_what_is_not_there():
    reward = CaptionReward([["a dog runs"], ["a dog runs", "a brown dog"]], {"CHAIRs": 1.0})
    np.testing.assert_array_equal(reward([0, 1], ["a cat runs"] * 2, [True] * 2), [0, -1])


def test_objects_have_english_names():
    references = [["a man runs", "a man"], ["ein Mann rennt", "ein Mann"]]
    reward = CaptionReward(references, {"CHAIRs": 1.0}, ["en", "de"])
    np.testing.assert_array_equal(reward([0, 1], ["a bus", "ein Bus"], [True] * 2), [-1, 0])


@pytest.mark.parametrize("make", [CaptionReward, TranslationReward, TranscriptReward])
def test_a_reward_depends_on_its_own_item_alone(make):
    reward = make(REFERENCES, {})
    several = reward([2, 0, 0, 1], [TEXTS[2], TEXTS[0], "a cat", TEXTS[1]], [True] * 4)
    alone = [
        reward([item], [text], [True])[0]
        for item, text in ((2, TEXTS[2]), (0, TEXTS[0]), (0, "a cat"))
    ]
    np.testing.assert_allclose(several[:3], alone)
    assert several[1] > several[2]


def test_a_caption_that_is_cut_short_wins_less():
    reward = CaptionReward(REFERENCES, {})
    whole, cut = reward([0, 0], ["a dog is running", "a dog is running"], [True, False])
    assert whole > cut > 0


def test_a_perfect_translation_wins_all():
    reward = TranslationReward(REFERENCES, {"chrF": 1.0, "BLEU": 1.0})
    assert reward([0], [REFERENCES[0][0]], [True])[0] == pytest.approx(2.0)
    assert reward([0], ["zzz"], [True])[0] < 0.1


def test_word_errors_are_taken_off():
    reward = TranscriptReward([("one two three four",), ("five",)], {})
    texts = ["one two three four", "one two four", "five six seven", "five"]
    assert reward([0, 0, 1, 1], texts, [True] * 4).tolist() == [0, -0.25, -2, 0]
    assert reward([0, 1], ["one two three four", "five"], [False, False]).tolist() == [-0.25, -1]
    both = TranscriptReward([("ab cd",)], {"WER": 2.0, "CER": 1.0})([0], ["ab ce"], [True])
    assert both.tolist() == [pytest.approx(-2 * 0.5 - 0.2)]


@pytest.mark.parametrize("make", [CaptionReward, TranslationReward, TranscriptReward])
def test_unknown_scores_are_named(make):
    with pytest.raises(ConfigError, match="METEOR"):
        make(REFERENCES, {"METEOR": 1.0})
