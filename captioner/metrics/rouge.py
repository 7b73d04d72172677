"""ROUGE-L: the longest run of words, gaps allowed, that hypothesis and reference share."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from captioner.metrics.ngrams import Sentences

BETA = 1.2
"""How much more recall counts than precision, as in coco-caption."""

_NOTHING = -1
# coco-caption splits "" into one empty word, which matches another empty sentence and nothing else.


class RougeL:
    """ROUGE-L against references that are encoded once.

    The statistics of an image are 2 numbers: its score, and 1. An image's precision and recall are
    each the best that any reference gives, as in coco-caption (Lin's own package takes the best F).

    Source:
        Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries", section 3.1, equations 2
        to 4.
    """

    names = ("ROUGE-L",)

    def __init__(self, references: Sentences) -> None:
        self._image = references.image
        self._length = np.maximum(references.length, 1)
        self._references = references

    def statistics(self, hypotheses: Sentences) -> NDArray[np.float64]:
        """Score each image, `[images, 2]`; one hypothesis an image, in the order of the images."""
        common = self._common(list(_split(hypotheses)))
        num_images = hypotheses.num_images
        precision, recall = np.zeros(num_images), np.zeros(num_images)
        np.maximum.at(
            precision, self._image, common / np.maximum(hypotheses.length, 1)[self._image]
        )
        np.maximum.at(recall, self._image, common / self._length)
        below = recall + BETA**2 * precision
        score = (1 + BETA**2) * precision * recall / np.where(below == 0, 1, below)
        return np.stack([score, np.ones(num_images)], axis=1)

    def _common(self, hypotheses: Sequence[list[int]]) -> NDArray[np.int64]:
        """Longest common subsequence of each reference and its hypothesis, `[references]`."""
        places = [_places(words) for words in hypotheses]
        lengths = [
            _longest_common(reference, places[image], len(hypotheses[image]))
            for image, reference in zip(self._image.tolist(), _split(self._references), strict=True)
        ]
        return np.array(lengths, np.int64)

    @staticmethod
    def scores(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mean ROUGE-L, `[..., 1]`, from added statistics, `[..., 2]`."""
        return sums[..., :1] / sums[..., 1:]


def _split(sentences: Sentences) -> Iterator[list[int]]:
    ends = np.cumsum(sentences.length)
    for start, end in zip(ends - sentences.length, ends, strict=True):
        yield sentences.words[start:end].tolist() or [_NOTHING]


def _places(words: list[int]) -> dict[int, int]:
    """For each word, a number whose bit `i` is set where the word stands at place `i`."""
    places: dict[int, int] = {}
    for place, word in enumerate(words):
        places[word] = places.get(word, 0) | 1 << place
    return places


def _longest_common(words: list[int], places: dict[int, int], length: int) -> int:
    """Length of the longest common subsequence, a whole row of the usual table at a time.

    The row is one number; a cleared bit marks where the table rises by 1 along the row.

    Source: Hyyrö 2004, "Bit-Parallel LCS-length Computation Revisited", figure 3.
    """
    everywhere = (1 << length) - 1
    row = everywhere
    for word in words:
        matches = row & places.get(word, 0)
        if matches:
            row = ((row + matches) | (row - matches)) & everywhere
    return length - row.bit_count()
