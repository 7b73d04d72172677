"""BLEU-1 to BLEU-4: how many of a hypothesis' n-grams occur in a reference, as in coco-caption."""

import numpy as np
from numpy.typing import NDArray

from captioner.metrics.ngrams import MAX_ORDER, Codes, Integers, Sentences, find, first_of_each

# coco-caption's constants: they keep 0/0 at 0 and move no other score by more than 1e-8.
_TINY = 1e-15
_SMALL = 1e-9


class Bleu:
    """BLEU against references that are counted once.

    The statistics of an image are 10 numbers: matching n-grams for n of 1 to 4, n-grams for n of 1
    to 4, words of the hypothesis, words of the reference closest to it in length (of two as close,
    the shorter).

    Source:
        Papineni et al. 2002, "BLEU: a Method for Automatic Evaluation of Machine Translation",
        section 2; constants and closest length as in coco-caption's bleu_scorer.py.
    """

    names = ("BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4")

    def __init__(self, references: Sentences) -> None:
        self._references = references
        self._most = _most_in_one_sentence(references)

    def statistics(self, hypotheses: Sentences) -> NDArray[np.float64]:
        """Count for each image, `[images, 10]`, which has one hypothesis."""
        num_images, ngrams = hypotheses.num_images, hypotheses.ngrams
        matches = np.minimum(ngrams.count, find(*self._most, ngrams.key, missing=0))
        correct = ngrams.sum_by(ngrams.group, num_images, matches)
        total = np.maximum(hypotheses.length[:, None] - np.arange(MAX_ORDER), 0)
        lengths = np.stack([hypotheses.length, self._closest_length(hypotheses)], axis=1)
        return np.concatenate([correct, total, lengths], axis=1).astype(np.float64)

    def _closest_length(self, hypotheses: Sentences) -> Integers:
        length, image = self._references.length, self._references.image
        distance = np.abs(length - hypotheses.length[image])
        best_first = np.lexsort((length, distance, image))
        _, first = np.unique(image[best_first], return_index=True)
        return length[best_first][first]

    @staticmethod
    def scores(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """BLEU-1 to BLEU-4, `[..., 4]`, from the statistics of an image or a corpus, `[..., 10]`.

        Source: Papineni et al. 2002, section 2.3, uniform weights.
        """
        correct, total = sums[..., :MAX_ORDER], sums[..., MAX_ORDER : 2 * MAX_ORDER]
        product = np.cumprod((correct + _TINY) / (total + _SMALL), axis=-1)
        precision = product ** (1 / np.arange(1, MAX_ORDER + 1))
        ratio = (sums[..., -2:-1] + _TINY) / (sums[..., -1:] + _SMALL)
        brevity: NDArray[np.float64] = np.exp(np.minimum(1 - 1 / ratio, 0))
        return precision * brevity


def _most_in_one_sentence(references: Sentences) -> tuple[Codes, Integers]:
    """Count each n-gram of an image in the reference that holds it most often; keys ascend."""
    ngrams = references.ngrams
    first = first_of_each(ngrams.key)
    return ngrams.key[first], np.maximum.reduceat(ngrams.count, first) if len(
        first
    ) else ngrams.count
