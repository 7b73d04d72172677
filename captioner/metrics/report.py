"""Scores hypotheses against references, as plain text; all measuring goes through this file."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from captioner import __version__
from captioner.errors import ScoreError
from captioner.metrics.bleu import Bleu
from captioner.metrics.cider import Cider, DocumentFrequencies
from captioner.metrics.from_coco_caption import Meteor, Spice
from captioner.metrics.from_jiwer import Cer, Wer
from captioner.metrics.from_sacrebleu import ChrF, SacreBleu, Ter
from captioner.metrics.ngrams import Sentences
from captioner.metrics.rouge import RougeL
from captioner.metrics.signature import nrefs
from captioner.metrics.tokens import tokenize

K = TypeVar("K", bound=Hashable)

OptionalMetric = type[SacreBleu | ChrF | Ter | Wer | Cer | Meteor | Spice]

OPTIONAL: dict[str, OptionalMetric] = {
    metric.__name__: metric for metric in (SacreBleu, ChrF, Ter, Wer, Cer, Meteor, Spice)
}
"""The families that need other libraries; they count texts rather than `Sentences`."""

METRICS: dict[str, type[Bleu | RougeL | Cider] | OptionalMetric] = {
    "Bleu": Bleu,
    "RougeL": RougeL,
    "Cider": Cider,
    **OPTIONAL,
}
"""What `Report.statistics` names, with the names and the formula of each."""

IMAGES_AT_ONCE = 4_096
"""So many images' n-grams are counted together: those of all COCO would take a gigabyte."""

_NAMED_IDS = 5


@dataclass(frozen=True)
class Report:
    """The scores of a set of hypotheses, and how they came about.

    Attributes:
        scores: Each metric's score of the whole set, times 100.
        signature: What a score depends on beside the texts; two scores are comparable where it is
            the same.
        num_items: How many photos, sentences, recordings or clips were scored.
        ids: The items, in the order of the references.
        per_image: Each metric's score of each image, times 100, `[images]`.
        statistics: What each family of metrics counted, `[images, columns]`; sums of rows give the
            score of any subset.
    """

    scores: dict[str, float]
    signature: str
    num_items: int
    ids: tuple[Any, ...] = field(repr=False)
    per_image: dict[str, NDArray[np.float64]] = field(repr=False)
    statistics: dict[str, NDArray[np.float64]] = field(repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the scores, signature and number of items, ready for JSON."""
        return {"scores": self.scores, "signature": self.signature, "num_items": self.num_items}


class Scorer(Generic[K]):
    """Scores hypotheses against references that are tokenised once.

    N-grams are counted for a part of the images at a time.

    Args:
        references: At least one caption for each image's id.

    Raises:
        ScoreError: There is no image, or an image without a reference.
    """

    def __init__(self, references: Mapping[K, Sequence[str]]) -> None:
        _check_references(references)
        self.ids = tuple(references)
        self._known = frozenset(self.ids)
        starts = range(0, len(self.ids), IMAGES_AT_ONCE)
        self._ids = [self.ids[start : start + IMAGES_AT_ONCE] for start in starts]
        self._references = [
            _encode_references([references[image_id] for image_id in ids]) for ids in self._ids
        ]
        self._frequencies = DocumentFrequencies.of_all(
            DocumentFrequencies.from_references(words.uncounted()) for _, words in self._references
        )
        self.signature = _signature([len(texts) for texts in references.values()])

    def score(self, hypotheses: Mapping[K, str]) -> Report:
        """Score one caption an image.

        Raises:
            ScoreError: The ids are not those of the references, or a hypothesis is no text.
        """
        self._check(hypotheses)
        counted: dict[str, list[NDArray[np.float64]]] = {}
        for ids, references in zip(self._ids, self._references, strict=True):
            texts = [hypotheses[image_id] for image_id in ids]
            for family, statistics in self._count(texts, *references).items():
                counted.setdefault(family, []).append(statistics)
        joined = {family: np.concatenate(parts) for family, parts in counted.items()}
        return report_of(joined, self.signature, self.ids)

    def _count(
        self, texts: Sequence[str], reference_tokens: Sentences, reference_words: Sentences
    ) -> dict[str, NDArray[np.float64]]:
        """Return what each family of metrics counts of some images' hypotheses."""
        tokens, words = _encode(texts, range(len(texts)), len(texts))
        counting = reference_words.uncounted()
        return {
            "Bleu": Bleu(counting).statistics(words),
            "RougeL": RougeL(reference_tokens).statistics(tokens),
            "Cider": Cider(counting, self._frequencies).statistics(words),
        }

    def _check(self, hypotheses: Mapping[K, str]) -> None:
        missing = [image_id for image_id in self.ids if image_id not in hypotheses]
        if missing:
            raise ScoreError(
                f"no hypothesis for {_few(missing)}; give one for each image that has references"
            )
        unknown = [image_id for image_id in hypotheses if image_id not in self._known]
        if unknown:
            raise ScoreError(
                f"no reference for {_few(unknown)}; leave these hypotheses out or add references"
            )
        wrong = [image_id for image_id, text in hypotheses.items() if not isinstance(text, str)]
        if wrong:
            raise ScoreError(f"hypothesis of {_few(wrong)} is no text; give one string an image")


def report_of(
    statistics: dict[str, NDArray[np.float64]], signature: str, ids: tuple[Any, ...]
) -> Report:
    """Turn what some families of metrics counted, `[images, columns]` each, into scores."""
    scores: dict[str, float] = {}
    per_image: dict[str, NDArray[np.float64]] = {}
    for family, counted in statistics.items():
        metric = METRICS[family]
        corpus, single = 100 * metric.scores(counted.sum(axis=0)), 100 * metric.scores(counted)
        scores |= dict(zip(metric.names, corpus.tolist(), strict=True))
        per_image |= dict(zip(metric.names, single.T, strict=True))
    return Report(scores, signature, len(ids), ids, per_image, statistics)


def score(hypotheses: Mapping[K, str], references: Mapping[K, Sequence[str]]) -> Report:
    """Score one caption an image against the image's references: BLEU-1 to 4, ROUGE-L and CIDEr.

    Raises:
        ScoreError: The ids differ, an image has no reference, there is nothing to score, or
            something is no text.
    """
    return Scorer(references).score(hypotheses)


def _check_references(references: Mapping[K, Sequence[str]]) -> None:
    if not references:
        raise ScoreError("nothing to score: there are no references")
    empty = [image_id for image_id, texts in references.items() if not len(texts)]
    if empty:
        raise ScoreError(f"no reference for {_few(empty)}; each image needs at least one")
    wrong = [
        k
        for k, texts in references.items()
        if isinstance(texts, str) or not all(isinstance(t, str) for t in texts)
    ]
    if wrong:
        raise ScoreError(
            f"references of {_few(wrong)} are no list of texts; give a list of strings for each"
            " image"
        )


def _encode_references(references: Sequence[Sequence[str]]) -> tuple[Sentences, Sentences]:
    image = [index for index, texts in enumerate(references) for _ in texts]
    return _encode((text for texts in references for text in texts), image, len(references))


def _encode(
    texts: Iterable[str], image: Sequence[int], num_images: int
) -> tuple[Sentences, Sentences]:
    """Tokenise texts.

    A token with a no-break space is one token to ROUGE-L, but two words to coco-caption's other
    metrics.
    """
    token_lists = [tokenize(text) for text in texts]
    tokens = Sentences.from_tokens(token_lists, image, num_images)
    if not any("\xa0" in text for text in map(" ".join, token_lists)):
        return tokens, tokens
    words = (" ".join(token_list).split() for token_list in token_lists)
    return tokens, Sentences.from_tokens(words, image, num_images)


def _signature(references_per_image: Sequence[int]) -> str:
    return f"nrefs:{nrefs(references_per_image)}|case:lc|tok:ptb|smooth:none|version:{__version__}"


def _few(ids: Sequence[Any]) -> str:
    """Name the first few of many ids."""
    named = ", ".join(repr(image_id) for image_id in ids[:_NAMED_IDS])
    more = len(ids) - _NAMED_IDS
    return f"{len(ids)} image{'s' if len(ids) > 1 else ''}: {named}" + (
        f" and {more} more" if more > 0 else ""
    )
