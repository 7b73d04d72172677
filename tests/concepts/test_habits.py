"""How far a name is trusted: as far as captions mentioned it where it was seen."""

import pytest
import torch

from captioner.concepts.habits import (
    EXPECTED,
    FAMILIAR,
    PHOTOS,
    WORTH_WRITING,
    HabitCounter,
    habits,
    mentioned_classes,
)
from captioner.concepts.seen import recognise
from captioner.concepts.table import names

TEXTS = [name.text for name in names()]


def test_words_and_runs_of_words_mention_classes():
    assert 852 in mentioned_classes(["it", "bites", "a", "tennis", "ball"])
    assert 852 in mentioned_classes(["a", "ball"])
    assert mentioned_classes(["a", "man", "in", "red"]) == frozenset()


def test_photos_are_counted_with_the_share_of_captions_that_mention_a_name():
    counter = HabitCounter()
    dog, cheetah = TEXTS.index("dog"), TEXTS.index("cheetah")
    counter.add([dog], [["a", "dog", "runs"], ["two", "poodles"], ["a", "man"], ["snow"]])
    counter.add([dog, cheetah], [["a", "dog", "runs"]])
    assert counter.counts == {"dog": [2, 1.5], "cheetah": [1, 0]}


def test_a_name_never_seen_is_expected_to_be_right_and_has_the_whole_bonus():
    cheetah = TEXTS.index("cheetah")
    unknown = habits({}, 2.5)
    assert unknown.mentioned[cheetah] == pytest.approx(EXPECTED)
    assert unknown.bonus[cheetah] == pytest.approx(2.5)


def test_captions_that_pass_a_name_over_are_less_likely_to_mention_it_and_leave_it_less_bonus():
    found = habits({"unicycle": [195, 5], "dog": [45, 40]}, 2.5)
    unicycle, dog = TEXTS.index("unicycle"), TEXTS.index("dog")
    assert found.mentioned[unicycle] == pytest.approx((5 + EXPECTED * PHOTOS) / (195 + PHOTOS))
    assert found.mentioned[dog] == pytest.approx((40 + EXPECTED * PHOTOS) / (45 + PHOTOS))
    assert found.bonus[unicycle] == pytest.approx(2.5 * FAMILIAR / (195 + FAMILIAR))


@pytest.mark.parametrize(("probability", "count", "is_worth"), [(0.9, (0, 0), True), (0.9, (95, 0), False)])
def test_what_few_captions_would_mention_is_not_worth_a_word(probability, count, is_worth):
    classes = torch.full((1, 1000), 1e-7)
    classes[0, 293] = probability
    seen = recognise(classes, 1)
    found = habits({"cheetah": count}, 2.5)
    mentioned = float(found.mentioned[TEXTS.index("cheetah")])
    assert (mentioned * probability >= WORTH_WRITING) == is_worth
    assert float(found.worth(seen)[0, 0]) == pytest.approx(probability * mentioned**0.5 * is_worth)


def test_what_is_surely_there_is_worth_a_word():
    seen = recognise(torch.full((1, 1000), 1e-7), 1).assured([TEXTS.index("cheetah")])
    assert float(habits({"cheetah": (95, 0)}, 2.5).worth(seen)[0, -1]) > 0
