"""The names of ImageNet's classes: complete, in the classifiers' order, and good English."""

import re
from collections import Counter

import pytest
from timm.data import ImageNetInfo

from captioner.concepts.table import CATEGORIES, NUM_CLASSES, Name, concepts, names, plural_of, words


def named(text: str) -> Name:
    return next(name for name in names() if name.text == text)


def test_there_is_one_row_a_class_in_the_order_of_timms_classifiers():
    labels = ImageNetInfo()
    assert [one.synset for one in concepts()] == labels.label_names()
    assert len(set(labels.label_names())) == NUM_CLASSES


def test_names_are_plain_lower_case_words():
    for one in concepts():
        for form in (one.name, one.plural):
            assert re.fullmatch(r"[a-z]+([ -][a-z]+)*", form), form


def test_articles_fit_how_the_name_begins():
    odd = {"unicycle"}  # it begins like you
    for one in concepts():
        if one.article:
            assert (one.article == "an") == (one.name[0] in "aeiou" and one.name not in odd), one.name
        else:
            assert one.plural == one.name, one.name


def test_a_name_has_one_plural_and_one_article():
    forms = Counter(name for name, _, _ in {(one.name, one.plural, one.article) for one in concepts()})
    assert max(forms.values()) == 1


@pytest.mark.parametrize(
    ("synset", "name", "plural", "article"),
    [
        ("n03290653", "television", "televisions", "a"),
        ("n02099601", "dog", "dogs", "a"),
        ("n02130308", "cheetah", "cheetahs", "a"),
        ("n02504458", "elephant", "elephants", "an"),
        ("n02114367", "wolf", "wolves", "a"),
        ("n04356056", "sunglasses", "sunglasses", ""),
        ("n07802026", "hay", "hay", ""),
        ("n04509417", "unicycle", "unicycles", "a"),
    ],
)
def test_some_names(synset, name, plural, article):
    found = next(one for one in concepts() if one.synset == synset)
    assert (found.name, found.plural, found.article) == (name, plural, article)


def test_all_breeds_are_dogs_and_a_dog_is_no_wolf():
    dog = set(named("dog").classes)
    assert set(range(151, 269)) <= dog
    assert not dog & set(named("wolf").classes)


def test_a_broad_name_covers_others():
    boat, canoe = named("boat"), named("canoe")
    assert boat.is_broad
    assert not canoe.is_broad
    assert set(canoe.classes) < set(boat.classes)


def test_names_stand_once_and_every_class_has_one():
    assert len({name.text for name in names()}) == len(names())
    assert {index for name in names() for index in name.classes} == set(range(NUM_CLASSES))


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("cheetah", "animal"),
        ("train", "vehicle"),
        ("dress", "garment"),
        ("bridge", "place"),
        ("mountain", "place"),
        ("scuba diver", "person"),
        ("refrigerator", "thing"),
        ("pizza", "thing"),
    ],
)
def test_categories(text, category):
    assert named(text).category == category
    assert category in CATEGORIES


def test_words_stand_for_classes_and_tell_number():
    poodles, is_plural = words()["poodles"]
    assert is_plural
    assert set(poodles) == {265, 266, 267}
    assert words()["motor vehicle"][1] is False
    assert set(named("car").classes) < set(words()["motor vehicle"][0])
    assert "player" not in words()
    assert "artifact" not in words()


def test_regular_plurals():
    assert [plural_of(word) for word in ("cat", "fox", "bush", "fly", "toy")] == [
        "cats",
        "foxes",
        "bushes",
        "flies",
        "toys",
    ]
