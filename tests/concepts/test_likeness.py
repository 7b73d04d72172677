"""Which nouns of a vocabulary are like which names."""

import pytest
import torch

from captioner.concepts.forms import forms
from captioner.concepts.likeness import compare

VOCABULARY = {"a": 4, "dog": 5, "dogs": 6, "cat": 7, "car": 8, "red": 9, "stand": 10, "poodle": 11}
BY_ID = {token_id: word for word, token_id in VOCABULARY.items()}


def like(form: str) -> dict[str, float]:
    """The nouns that a form is like at all."""
    likeness = compare(VOCABULARY)
    row = likeness.to_forms[forms().index(form)].tolist()
    return {BY_ID[token_id]: value for token_id, value in zip(likeness.token_ids.tolist(), row, strict=True) if value}


def test_a_name_is_like_nouns_of_its_category_and_number():
    assert set(like("cheetah")) == {"dog", "cat", "poodle"}
    assert set(like("cheetahs")) == {"dogs"}
    assert set(like("truck")) == {"car"}
    assert like("refrigerator") == {}


def test_a_cheetah_is_more_of_a_cat_than_of_a_dog():
    assert like("cheetah")["cat"] > like("cheetah")["dog"]


def test_what_is_not_counted_is_like_plurals_alone():
    assert like("hay") == {}


@pytest.mark.parametrize(
    ("form", "noun"), [("wolf", "dog"), ("wolves", "dogs"), ("truck", "car"), ("refrigerator", None)]
)
def test_a_frequent_noun_stands_in(form, noun):
    read = int(compare(VOCABULARY).read_as[forms().index(form)])
    assert BY_ID.get(read) == noun


def test_a_noun_stands_for_its_classes():
    likeness = compare(VOCABULARY)
    row = likeness.classes[likeness.token_ids.tolist().index(VOCABULARY["poodle"])]
    assert row.nonzero().flatten().tolist() == [265, 266, 267]


def test_a_vocabulary_without_nouns():
    likeness = compare({"a": 4, "red": 5})
    assert likeness.to_forms.shape == (len(forms()), 0)
    assert torch.equal(likeness.read_as, torch.zeros(len(forms()), dtype=torch.long))
