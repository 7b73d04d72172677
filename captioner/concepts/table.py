"""The plain names of ImageNet's classes: what a photo's classifier sees, as people would call it.

`imagenet.csv` has one row a class, in the classifiers' order; `broader.csv` has names of kinds, for where a classifier
wavers between classes. The first is made by data/imagenet/prepare.py; the README beside that tells what the columns
mean.
"""

import csv
from collections import Counter
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

FOLDER = Path(__file__).parent
NUM_CLASSES = 1000

# What a name can stand for in a sentence, by the WordNet kind that tells; the first that fits. All else is a thing.
CATEGORY_KINDS = {
    "animal": ("n00015388",),
    "person": ("n00007846",),
    "vehicle": ("n03100490",),
    "garment": ("n03051540", "n03381126"),
    "place": ("n04341686", "n09287968", "n09225146"),
}
CATEGORIES = (*CATEGORY_KINDS, "thing")
IRREGULAR = {
    "child": "children",
    "foot": "feet",
    "goose": "geese",
    "knife": "knives",
    "man": "men",
    "mouse": "mice",
    "ox": "oxen",
    "person": "people",
    "sheep": "sheep",
    "tooth": "teeth",
    "woman": "women",
}


@dataclass(frozen=True)
class Concept:
    """One class.

    Attributes:
        synset: WordNet's id, as timm's labels have it.
        name: The plain name.
        plural: Of the name.
        article: `a` or `an`; empty where there is none, as of stuff and of pairs (hay, binoculars).
        kinds: The class's synset and those above it, nearest first.
        words: The words for all of these.
    """

    synset: str
    name: str
    plural: str
    article: str
    kinds: tuple[str, ...]
    words: tuple[str, ...]

    @cached_property
    def category(self) -> str:
        """What its name can stand for in a sentence, one of `CATEGORIES`."""
        found = (category for category, kinds in CATEGORY_KINDS.items() if set(kinds) & set(self.kinds))
        return next(found, "thing")


@dataclass(frozen=True)
class Name:
    """A name that several classes may share.

    Attributes:
        text: The name.
        plural: Its plural.
        article: As `Concept` has it.
        category: One of `CATEGORIES`.
        classes: Indexes of the classes that it is a name of.
        is_broad: Whether another name says more, as canoe does of a boat.
    """

    text: str
    plural: str
    article: str
    category: str
    classes: tuple[int, ...]
    is_broad: bool

    @property
    def is_countable(self) -> bool:
        """Whether there can be one of it."""
        return bool(self.article)


@cache
def concepts() -> tuple[Concept, ...]:
    """Return ImageNet's classes in the order of classifiers' outputs."""
    return tuple(
        Concept(
            row["synset"],
            row["name"],
            row["plural"],
            row["article"],
            tuple(row["kinds"].split()),
            tuple(row["words"].split(";")),
        )
        for row in _rows("imagenet.csv")
    )


@cache
def names() -> tuple[Name, ...]:
    """Return all names, each once: those of classes in the classes' order, then broader ones."""
    classes: dict[str, dict[int, None]] = {}
    forms: dict[str, tuple[str, str]] = {}
    for index, one in enumerate(concepts()):
        classes.setdefault(one.name, {})[index] = None
        forms.setdefault(one.name, (one.plural, one.article))
    for row in _rows("broader.csv"):
        below = [index for index, one in enumerate(concepts()) if row["synset"] in one.kinds]
        classes.setdefault(row["name"], {}).update(dict.fromkeys(below))
        forms.setdefault(row["name"], (row["plural"], row["article"]))
    sets = {text: frozenset(indexes) for text, indexes in classes.items()}
    sharing: dict[int, list[frozenset[int]]] = {}
    for indexes in sets.values():
        for index in indexes:
            sharing.setdefault(index, []).append(indexes)
    return tuple(
        Name(
            text,
            *forms[text],
            category=_commonest(indexes),
            classes=tuple(sorted(indexes)),
            is_broad=any(other < indexes for index in indexes for other in sharing[index]),
        )
        for text, indexes in sets.items()
    )


def _commonest(classes: frozenset[int]) -> str:
    return Counter(concepts()[index].category for index in sorted(classes)).most_common(1)[0][0]


@cache
def words() -> dict[str, tuple[tuple[int, ...], bool]]:
    """Return for each word, or run of words, that can stand for a class: the indexes of such classes, and if plural."""
    standing: dict[tuple[str, bool], dict[int, None]] = {}
    for index, one in enumerate(concepts()):
        # Of people the classes know some few; a kind's word, such as player, would most often mean others.
        for word in (one.name, *(one.words if one.category != "person" else ())):
            plural = one.plural if word == one.name else plural_of(word)
            standing.setdefault((word, not one.article and word == one.name), {})[index] = None
            standing.setdefault((plural, True), {})[index] = None
    for name in names():
        for form, is_plural in ((name.text, not name.is_countable), (name.plural, True)):
            standing.setdefault((form, is_plural), {}).update(dict.fromkeys(name.classes))
    found: dict[str, tuple[tuple[int, ...], bool]] = {}
    for (form, is_plural), indexes in sorted(standing.items(), key=lambda item: item[0][1]):
        found.setdefault(form, (tuple(indexes), is_plural))  # a word that is both counts as singular
    return found


def plural_of(word: str) -> str:
    """Return the plural of an English noun: some common irregular ones, all others by rule."""
    if word in IRREGULAR:
        return IRREGULAR[word]
    if word.endswith(("s", "x", "ch", "sh", "z")):
        return f"{word}es"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}s"


def _rows(file: str) -> list[dict[str, str]]:
    with (FOLDER / file).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))
