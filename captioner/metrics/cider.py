"""CIDEr: how well the n-grams of hypothesis and references agree; rare n-grams count more."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from captioner.errors import ScoreError
from captioner.metrics.ngrams import Codes, Integers, NgramCounts, Sentences, find, first_of_each

SIGMA = 6.0
"""Width of the length penalty, words."""


@dataclass(frozen=True)
class DocumentFrequencies:
    """In how many images' references each n-gram stands.

    Attributes:
        code: The n-grams, `[rows]`, ascending.
        count: Number of images, `[rows]`.
        num_images: Number of images that were counted.
    """

    code: Codes
    count: Integers
    num_images: int

    @classmethod
    def from_references(cls, references: Sentences) -> "DocumentFrequencies":
        """Count each n-gram once an image."""
        ngrams = references.ngrams
        code, count = np.unique(ngrams.code[first_of_each(ngrams.key)], return_counts=True)
        return cls(code, count, references.num_images)

    @classmethod
    def of_all(cls, parts: Iterable["DocumentFrequencies"]) -> "DocumentFrequencies":
        """Join those of several sets of images, of which no image is in two."""
        counted = list(parts)
        code, row = np.unique(np.concatenate([one.code for one in counted]), return_inverse=True)
        count = np.bincount(row, np.concatenate([one.count for one in counted]))
        return cls(code, count.astype(np.int64), sum(one.num_images for one in counted))

    def weights(self, code: Codes) -> NDArray[np.float64]:
        """Inverse document frequency of each n-gram, `log(images / images that hold it)`.

        An unseen n-gram counts as if one image held it.
        """
        order = np.argsort(code)  # a search in order touches each part of the memory once
        weights = np.empty(len(code))
        weights[order] = np.log(self.num_images) - np.log(
            find(self.code, self.count, code[order], missing=1)
        )
        return weights


class Cider:
    """CIDEr against references that are weighed once.

    Papers and coco-caption write CIDEr for what its authors call CIDEr-D: the hypothesis' weights
    are clipped to the reference's, and a difference in length costs. That is the default here, down
    to coco-caption's quirk that a sentence's length is the number of its bigrams. `penalized=False`
    gives the plain cosine that the name first stood for. Neither stems. The statistics of an image
    are 2 numbers: its score, and 1; the weights of n-grams come from all references together.

    Args:
        references: All references of all images.
        frequencies: Document frequencies of a larger set than these references; None counts these.
        penalized: Whether to clip and to punish a difference in length.

    Raises:
        ScoreError: `frequencies` count no image.

    Source:
        Vedantam et al. 2015, "CIDEr: Consensus-based Image Description Evaluation",
        arXiv:1411.5726, equations 1 to 4 (plain: 1 to 3).
    """

    names = ("CIDEr",)

    def __init__(
        self,
        references: Sentences,
        frequencies: DocumentFrequencies | None = None,
        *,
        penalized: bool = True,
    ) -> None:
        self._frequencies = (
            DocumentFrequencies.from_references(references) if frequencies is None else frequencies
        )
        if self._frequencies.num_images < 1:
            raise ScoreError(
                "CIDEr: the document frequencies count no image; count them on at least one"
            )
        self._references = references
        self._penalized = penalized
        ngrams = references.ngrams
        self._idf = self._frequencies.weights(ngrams.code)
        self._norm = _norm(ngrams, self._idf, len(references.length))

    def statistics(self, hypotheses: Sentences) -> NDArray[np.float64]:
        """Score each image, `[images, 2]`; one hypothesis an image, in the order of the images."""
        references, ngrams = self._references, self._references.ngrams
        num_images, num_references = hypotheses.num_images, len(references.length)
        count = find(hypotheses.ngrams.key, hypotheses.ngrams.count, ngrams.key, missing=0)
        clipped = np.minimum(count, ngrams.count) if self._penalized else count
        products = clipped * ngrams.count * self._idf**2
        hypothesis_norm = _norm(
            hypotheses.ngrams, self._frequencies.weights(hypotheses.ngrams.code), num_images
        )
        norms = self._norm * hypothesis_norm[references.image]
        cosine = ngrams.sum_by(ngrams.group, num_references, products) / np.where(
            norms == 0, 1, norms
        )
        similarity = cosine.mean(axis=1)
        if self._penalized:
            difference = np.maximum(hypotheses.length - 1, 0)[references.image] - np.maximum(
                references.length - 1, 0
            )
            similarity *= np.exp(-(difference**2) / (2 * SIGMA**2))
        total = np.bincount(references.image, similarity, num_images)
        score = 10 * total / np.bincount(references.image, minlength=num_images)
        return np.stack([score, np.ones(num_images)], axis=1)

    @staticmethod
    def scores(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mean CIDEr, `[..., 1]`, from added statistics, `[..., 2]`."""
        return sums[..., :1] / sums[..., 1:]


def _norm(ngrams: NgramCounts, idf: NDArray[np.float64], num_groups: int) -> NDArray[np.float64]:
    """Length of each group's vector of weighted n-grams, an order at a time, `[groups, 4]`."""
    return np.sqrt(ngrams.sum_by(ngrams.group, num_groups, (ngrams.count * idf) ** 2))
