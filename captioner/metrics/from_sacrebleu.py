"""BLEU, chrF and TER of translations, as sacrebleu counts them; case and punctuation count."""

from collections.abc import Sequence
from functools import cache
from itertools import zip_longest
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from captioner.errors import MissingExtraError


class _FromSacrebleu:
    """One of sacrebleu's metrics, in one form or in several.

    Args:
        references: The references of each item, none empty.

    Raises:
        MissingExtraError: sacrebleu is not installed.
    """

    names: ClassVar[tuple[str, ...]]
    _class: ClassVar[str]  # of sacrebleu
    _forms: ClassVar[tuple[dict[str, Any], ...]] = ({},)  # the options of each

    def __init__(self, references: Sequence[Sequence[str]]) -> None:
        # Sacrebleu's streams: None stands where an item has fewer references than another.
        streams = list(zip_longest(*references))
        self._metrics = [
            _sacrebleu(self._class, **options, references=streams) for options in self._forms
        ]
        self.signature = " and ".join(str(metric.get_signature()) for metric in self._metrics)

    def statistics(self, hypotheses: Sequence[str]) -> NDArray[np.float64]:
        """Count what the score is made of, `[items, columns]`; those of each form side by side."""
        counts = [
            np.array(metric._extract_corpus_statistics(hypotheses, None), np.float64)
            for metric in self._metrics
        ]
        return np.concatenate(counts, 1)

    @classmethod
    def scores(cls, sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the score of each form, `[..., forms]`, from added statistics."""
        # sacrebleu's own resampling goes through this method, too; there is no public way from
        # counts to a score.
        score = _formula(cls._class)._compute_score_from_stats
        forms = [
            [score(row).score / 100 for row in part.reshape(-1, part.shape[-1]).tolist()]
            for part in np.split(sums, len(cls._forms), -1)
        ]
        return np.array(forms, np.float64).T.reshape(*sums.shape[:-1], len(forms))


class SacreBleu(_FromSacrebleu):
    """BLEU on the tokens of mteval-v13a, of the texts as they are written and in lower case.

    Source:
        Post 2018, arXiv:1804.08771; the score: Papineni et al. 2002, "BLEU: a Method for Automatic
        Evaluation of Machine Translation", section 2.3.
    """

    names = ("BLEU", "BLEU-lc")
    _class = "BLEU"
    _forms = ({"lowercase": False}, {"lowercase": True})


class ChrF(_FromSacrebleu):
    """chrF2: how many runs of 1 to 6 characters a hypothesis shares with its closest reference.

    Source:
        Popović 2015, "chrF: character n-gram F-score for automatic MT evaluation", equation 1, beta
        2.
    """

    names = ("chrF",)
    _class = "CHRF"


class Ter(_FromSacrebleu):
    """TER: edits and moved runs of words by words of the reference; lower is better.

    Source:
        Snover et al. 2006, "A Study of Translation Edit Rate with Targeted Human Annotation",
        section 2.
    """

    names = ("TER",)
    _class = "TER"


@cache
def _formula(name: str) -> Any:
    return _sacrebleu(name)


def _sacrebleu(name: str, **options: Any) -> Any:
    try:
        from sacrebleu import metrics
    except ModuleNotFoundError as error:
        raise MissingExtraError("sacrebleu", "score") from error
    return getattr(metrics, name)(**options)
