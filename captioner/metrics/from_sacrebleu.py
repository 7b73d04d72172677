"""BLEU, chrF and TER for translations, as sacrebleu counts them; case and punctuation count."""

from collections.abc import Sequence
from functools import cache
from itertools import zip_longest
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from captioner.errors import MissingExtraError


class SacreBleu:
    """BLEU on the tokens of mteval-v13a, of the texts as they are written and in lower case.

    Args:
        references: The references of each item, none empty.

    Raises:
        MissingExtraError: sacrebleu is not installed.

    Source:
        Post 2018, arXiv:1804.08771; the score: Papineni et al. 2002, "BLEU: a Method for Automatic
        Evaluation of Machine Translation", section 2.3.
    """

    names: ClassVar[tuple[str, ...]] = ("BLEU", "BLEU-lc")

    def __init__(self, references: Sequence[Sequence[str]]) -> None:
        streams = _streams(references)
        self._metrics = [
            _sacrebleu("BLEU", lowercase=lowercase, references=streams)
            for lowercase in (False, True)
        ]
        self.signature = " and ".join(str(metric.get_signature()) for metric in self._metrics)

    def statistics(self, hypotheses: Sequence[str]) -> NDArray[np.float64]:
        """Count lengths, n-grams and matches, `[items, 20]`: ten as written, ten in lower case."""
        counts = [
            np.array(metric._extract_corpus_statistics(hypotheses, None))
            for metric in self._metrics
        ]
        return np.concatenate(counts, 1).astype(np.float64)

    @staticmethod
    def scores(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """BLEU and BLEU-lc, `[..., 2]`, from added statistics, `[..., 20]`."""
        return np.concatenate([_scores("BLEU", part) for part in np.split(sums, 2, -1)], -1)


class ChrF:
    """chrF2: how many runs of 1 to 6 characters a hypothesis shares with its closest reference.

    Args:
        references: The references of each item, none empty.

    Raises:
        MissingExtraError: sacrebleu is not installed.

    Source:
        Popović 2015, "chrF: character n-gram F-score for automatic MT evaluation", equation 1, beta
        2.
    """

    names: ClassVar[tuple[str, ...]] = ("chrF",)

    def __init__(self, references: Sequence[Sequence[str]]) -> None:
        self._metric = _sacrebleu("CHRF", references=_streams(references))
        self.signature = str(self._metric.get_signature())

    def statistics(self, hypotheses: Sequence[str]) -> NDArray[np.float64]:
        """Count n-grams of hypothesis, reference and both for each length, `[items, 18]`."""
        return np.array(self._metric._extract_corpus_statistics(hypotheses, None), np.float64)

    @staticmethod
    def scores(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """chrF, `[..., 1]`, from added statistics, `[..., 18]`."""
        return _scores("CHRF", sums)


class Ter:
    """TER: edits and moved runs of words by words of the reference; lower is better.

    Args:
        references: The references of each item, none empty.

    Raises:
        MissingExtraError: sacrebleu is not installed.

    Source:
        Snover et al. 2006, "A Study of Translation Edit Rate with Targeted Human Annotation",
        section 2.
    """

    names: ClassVar[tuple[str, ...]] = ("TER",)

    def __init__(self, references: Sequence[Sequence[str]]) -> None:
        self._metric = _sacrebleu("TER", references=_streams(references))
        self.signature = str(self._metric.get_signature())

    def statistics(self, hypotheses: Sequence[str]) -> NDArray[np.float64]:
        """Count edits to the closest reference, and the references' mean length, `[items, 2]`."""
        return np.array(self._metric._extract_corpus_statistics(hypotheses, None), np.float64)

    @staticmethod
    def scores(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """TER, `[..., 1]`, from added statistics, `[..., 2]`."""
        return _scores("TER", sums)


@cache
def _formula(name: str) -> Any:
    return _sacrebleu(name)


def _sacrebleu(name: str, **options: Any) -> Any:
    try:
        from sacrebleu import metrics
    except ModuleNotFoundError as error:
        raise MissingExtraError("sacrebleu", "score") from error
    return getattr(metrics, name)(**options)


def _streams(references: Sequence[Sequence[str]]) -> list[tuple[str | None, ...]]:
    """Turn lists of references into sacrebleu's streams.

    None stands where an item has fewer references than another.
    """
    return list(zip_longest(*references))


def _scores(name: str, sums: NDArray[np.float64]) -> NDArray[np.float64]:
    # sacrebleu's own resampling goes through this method, too; there is no public way from counts
    # to a score.
    rows = sums.reshape(-1, sums.shape[-1]).tolist()
    scores = np.array([_formula(name)._compute_score_from_stats(row).score / 100 for row in rows])
    return scores.reshape(*sums.shape[:-1], 1)
