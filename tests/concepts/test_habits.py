"""How far a name is trusted: as far as captions mentioned it where it was seen."""

import pytest

from captioner.concepts.habits import EXPECTED, FAMILIAR, PHOTOS, HabitCounter, habits, mentioned_classes
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
    assert unknown.trust[cheetah] == pytest.approx(EXPECTED**0.5)
    assert unknown.bonus[cheetah] == pytest.approx(2.5)


def test_captions_that_pass_a_name_over_lower_its_trust_and_leave_it_no_bonus():
    found = habits({"unicycle": [195, 5], "dog": [45, 40]}, 2.5)
    unicycle, dog = TEXTS.index("unicycle"), TEXTS.index("dog")
    assert found.trust[unicycle] == pytest.approx(((5 + EXPECTED * PHOTOS) / (195 + PHOTOS)) ** 0.5)
    assert found.trust[dog] == pytest.approx(((40 + EXPECTED * PHOTOS) / (45 + PHOTOS)) ** 0.5)
    assert found.bonus[unicycle] == pytest.approx(2.5 * FAMILIAR / (195 + FAMILIAR))
