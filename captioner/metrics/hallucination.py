"""CHAIR: counts the objects, of COCO's 80 kinds, that captions name but photos do not show.

`coco_objects.csv` has the words for each kind, in the singular; plurals count as well. We chose
these words, so scores can be compared with each other, but not with those of papers.

Source:
    Rohrbach et al. 2018, arXiv:1809.02156, section 2.1. Here a photo shows what a reference names.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from captioner.metrics.tokens import tokenize
from captioner.preprocess.inflection import plural_of

WORDS_FILE = Path(__file__).parent / "coco_objects.csv"
LONGEST = 3  # words of a thing, as in ping pong ball


@dataclass(frozen=True)
class Hallucinations:
    """What some captions name that no reference of theirs names.

    Attributes:
        captions: Number of captions.
        objects: How many objects they name.
        wrong_captions: Captions that name an object that is not there.
        wrong_objects: How many objects are not there.
    """

    captions: int
    objects: int
    wrong_captions: int
    wrong_objects: int

    @property
    def chair_s(self) -> float:
        """The fraction of captions that name something that is not there."""
        return self.wrong_captions / max(1, self.captions)

    @property
    def chair_i(self) -> float:
        """The fraction of things named that are not there."""
        return self.wrong_objects / max(1, self.objects)


def objects_of(caption: str) -> list[str]:
    """Return the kinds of objects that a caption names, in order; of hot dog, hot dog alone."""
    return list(_found(tokenize(caption)))


def hallucinated(caption: str, references: Sequence[str]) -> list[str]:
    """Return the kinds of objects that a caption names and no reference does."""
    there = {kind for reference in references for kind in objects_of(reference)}
    return [kind for kind in objects_of(caption) if kind not in there]


def count_hallucinations(
    captions: Sequence[str], references: Sequence[Sequence[str]]
) -> Hallucinations:
    """Count over captions and the references of each."""
    wrong = [
        hallucinated(caption, of_it) for caption, of_it in zip(captions, references, strict=True)
    ]
    named = sum(len(objects_of(caption)) for caption in captions)
    return Hallucinations(len(captions), named, sum(map(bool, wrong)), sum(map(len, wrong)))


def _found(words: Sequence[str]) -> Iterator[str]:
    at = 0
    while at < len(words):
        for length in range(LONGEST, 0, -1):
            kind = _kinds().get(" ".join(words[at : at + length]))
            if kind is not None and at + length <= len(words):
                yield kind
                at += length
                break
        else:
            at += 1


@cache
def _kinds() -> dict[str, str]:
    """Return each word for an object, in both numbers, and its kind."""
    with WORDS_FILE.open(encoding="utf-8", newline="") as lines:
        rows = [
            (row["object"], word)
            for row in csv.DictReader(lines)
            for word in row["words"].split(";")
        ]
    return {form: kind for kind, word in rows for form in (word, plural_of(word))}
