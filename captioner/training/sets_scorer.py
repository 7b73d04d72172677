"""Scores the validation texts of several sets in one report, in which each set counts the same."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from captioner.metrics import Report, Scorer
from captioner.metrics.translation import TranslationScorer


class SetsScorer:
    """Scores each set's texts separately; the main scores are the means over the sets.

    Where there is one set, only its scores are reported.

    Args:
        sets: The name of each set, and the references of each of its items; sets without items are
            left out. Items are numbered set by set, from 0.
        make_scorer: Makes the scorer of one set from its references by number.
    """

    def __init__(
        self,
        sets: Sequence[tuple[str, Sequence[Sequence[str]]]],
        make_scorer: Callable[
            [Mapping[int, Sequence[str]]], Scorer[int] | TranslationScorer
        ] = Scorer,
    ) -> None:
        self._scorers: list[tuple[str, Scorer[int] | TranslationScorer]] = []
        start = 0
        for name, references in sets:
            if references:
                self._scorers.append((name, make_scorer(dict(enumerate(references, start)))))
                start += len(references)

    def score(self, hypotheses: Mapping[int, str]) -> Report:
        """Score one text for each item.

        Raises:
            ScoreError: The numbers are not those of the items.
        """
        reports = [
            (
                name,
                scorer.score(
                    {number: hypotheses[number] for number in scorer.ids if number in hypotheses}
                ),
            )
            for name, scorer in self._scorers
        ]
        (_, first), *others = reports
        if not others:
            return first
        scores = {
            metric: float(np.mean([one.scores[metric] for _, one in reports]))
            for metric in first.scores
        }
        for name, report in reports:
            scores |= {
                f"{metric} ({name or 'first set'})": value
                for metric, value in report.scores.items()
            }
        signatures = dict.fromkeys(report.signature for _, report in reports)
        return Report(
            scores,
            f"mean of {len(reports)} sets|{' and '.join(signatures)}",
            sum(report.num_items for _, report in reports),
            tuple(number for _, report in reports for number in report.ids),
            {
                name: np.concatenate([one.per_image[name] for _, one in reports])
                for name in first.per_image
            },
            {
                name: np.concatenate([one.statistics[name] for _, one in reports])
                for name in first.statistics
            },
        )
