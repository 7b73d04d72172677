"""How like each other a vocabulary's nouns and names of concepts are: a name is written where a noun like it would be.

Source:
    Words that no caption has, by what the model knows of similar ones: Hendricks et al. 2016, "Deep Compositional
    Captioning", arXiv:1511.05284, section 3.3 (direct transfer); how similar, by WordNet in the place of embeddings.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import torch
from jaxtyping import Float, Int
from torch import Tensor

from captioner.concepts.table import CATEGORIES, NUM_CLASSES, concepts, names, words

# Nouns of the table that captions use most often for something else.
# fmt: off
OTHERWISE = frozenset((
    "arm", "bow", "bows", "board", "camera", "course", "cream", "drink", "ear", "equipment", "field", "game",
    "gear", "hook", "light", "nail", "orange", "paper", "piece", "player", "pool", "ride", "rides", "shop", "ski",
    "skis", "someone", "stand", "stick", "swing", "swings", "switch", "toy", "wall", "watch", "watches", "wear",
    "wears", "work", "works",
))
# fmt: on
# What things without any kind in common count for, where one shall stand in for the other.
RARELY_ALIKE = 0.1
# Things of one category are this much alike, before what they have in common; others are not.
SAME_CATEGORY = 1.0


@dataclass(frozen=True)
class Likeness:
    """The nouns of a vocabulary that name what a classifier of ImageNet knows, beside the forms of its names.

    Attributes:
        token_ids: Of the nouns.
        categories: Index of each one's category.
        classes: 1 where a noun can stand for a class.
        to_forms: How like each form, two a name, is to each noun, at most 1; 0 where they are of two categories, or one
            is singular and one plural.
        read_as: The token of the noun that stands in for each form; padding, 0, where there is none.
    """

    token_ids: Int[Tensor, " nouns"]
    categories: Int[Tensor, " nouns"]
    classes: Float[Tensor, "nouns classes"]
    to_forms: Float[Tensor, "forms nouns"]
    read_as: Int[Tensor, " forms"]


def compare(vocabulary: Mapping[str, int]) -> Likeness:
    """Compare all names with the nouns of a vocabulary, whose ids go from frequent to rare words.

    Things have in common the share of their WordNet kinds that both are; a noun's kinds are those that all its classes
    have. What stands in for a name is like it, and frequent: a decoder knows little of what it has read a few times.
    """
    nouns = [(vocabulary[word], *words()[word]) for word in sorted(vocabulary.keys() & words().keys() - OTHERWISE)]
    token_ids = torch.tensor([token_id for token_id, _, _ in nouns], dtype=torch.long)
    is_plural = torch.tensor([plural for _, _, plural in nouns], dtype=torch.bool)
    categories = torch.tensor([_category(classes) for _, classes, _ in nouns], dtype=torch.long)
    common = _in_common([name.classes for name in names()], [classes for _, classes, _ in nouns])
    singular = torch.tensor([name.is_countable for name in names()]).unsqueeze(1) & ~is_plural
    fits = torch.stack([singular, is_plural.expand_as(singular)], 1)
    fits &= (torch.tensor([CATEGORIES.index(name.category) for name in names()]).unsqueeze(1) == categories).unsqueeze(
        1
    )
    to_forms = (fits * ((SAME_CATEGORY + common) / (SAME_CATEGORY + 1)).unsqueeze(1)).flatten(0, 1)
    standing_in = (fits * (common + RARELY_ALIKE).unsqueeze(1)).flatten(0, 1) / token_ids.clamp(min=1).sqrt()
    read_as = token_ids[standing_in.argmax(1)] if nouns else token_ids.new_zeros(len(to_forms))
    read_as = read_as.where(to_forms.any(1), 0)
    return Likeness(token_ids, categories, _rows([classes for _, classes, _ in nouns]), to_forms, read_as)


def _in_common(first: list[tuple[int, ...]], second: list[tuple[int, ...]]) -> Float[Tensor, "first second"]:
    """Return the share of kinds that two groups of classes have in common, of those that either has."""
    one, other = _kinds(first), _kinds(second)
    shared = one @ other.T
    return shared / (one.sum(1, keepdim=True) + other.sum(1) - shared).clamp(min=1)


def _rows(groups: list[tuple[int, ...]]) -> Float[Tensor, "groups classes"]:
    rows = torch.zeros(len(groups), NUM_CLASSES)
    for row, classes in enumerate(groups):
        rows[row, list(classes)] = 1
    return rows


@cache
def _kinds_of_classes() -> Float[Tensor, "classes kinds"]:
    column = {kind: number for number, kind in enumerate(dict.fromkeys(k for one in concepts() for k in one.kinds))}
    table = torch.zeros(NUM_CLASSES, len(column))
    for row, one in enumerate(concepts()):
        table[row, [column[kind] for kind in one.kinds]] = 1
    return table


def _kinds(groups: list[tuple[int, ...]]) -> Float[Tensor, "groups kinds"]:
    """Return which kinds all classes of a group have."""
    table = _kinds_of_classes()
    return torch.stack([table[list(classes)].amin(0) for classes in groups]) if groups else table[:0]


def _category(classes: tuple[int, ...]) -> int:
    found = [CATEGORIES.index(concepts()[index].category) for index in classes]
    return max(set(found), key=found.count)
