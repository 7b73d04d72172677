"""Compares several systems on the same references, and tests whether differences may be luck."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from captioner.errors import ScoreError, UsageError
from captioner.evaluation.offline.card import (
    LOWER_IS_BETTER,
    CardScorer,
    ScoreCard,
    describe_signatures,
)
from captioner.evaluation.offline.hypotheses import read_hypotheses
from captioner.evaluation.offline.references import read_references
from captioner.metrics.report import Report, report_of
from captioner.metrics.significance import Comparison, compare

LUCK = 0.05
"""The p-value from which on a difference is put down to luck."""


@dataclass(frozen=True)
class Verdict:
    """What one score says of a system beside the first one.

    Attributes:
        metric: Name of the score.
        first: The system that all others are compared to.
        second: The other system.
        comparison: The difference, second less first, and its p-values.
    """

    metric: str
    first: str
    second: str
    comparison: Comparison

    @property
    def better(self) -> str | None:
        """The better system; None where they are equal."""
        difference = round(self.comparison.difference, 9)
        if not difference:
            return None
        return self.second if (difference > 0) != (self.metric in LOWER_IS_BETTER) else self.first

    @property
    def may_be_luck(self) -> bool:
        """Whether either test holds luck for a possible cause."""
        return max(self.comparison.bootstrap, self.comparison.randomisation) >= LUCK

    def __str__(self) -> str:
        if self.better is None:
            return f"{self.metric}: {self.first} and {self.second} are equal"
        worse = self.first if self.better == self.second else self.second
        luck = "this may be luck" if self.may_be_luck else "luck alone hardly does this"
        p_values = (
            f"p {self.comparison.bootstrap:.3f} by bootstrap,"
            f" {self.comparison.randomisation:.3f} by randomisation"
        )
        by = abs(self.comparison.difference)
        return (
            f"{self.metric}: {self.better} is better than {worse} by {by:.2f}; {luck} ({p_values})"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return all fields and conclusions, ready for JSON."""
        return {
            "metric": self.metric,
            "first": self.first,
            "second": self.second,
            **asdict(self.comparison),
            "better": self.better,
            "may_be_luck": self.may_be_luck,
            "words": str(self),
        }


def compare_files(
    files: Sequence[Path],
    references: Sequence[Path],
    split: str | None,
    families: Sequence[str],
    *,
    plain: bool = False,
    partial: bool = False,
) -> tuple[dict[str, ScoreCard], list[Verdict]]:
    """Score each file against the same references, and compare all others to the first.

    Args:
        files: Captions of the systems.
        references: As `read_references` takes them.
        split: The same.
        families: The families of metrics, as `parse_metrics` gives them.
        plain: Whether the lines are captions, whatever they look like.
        partial: Whether items may be without a caption; those are scored that have one by each
            system.

    Raises:
        UsageError: There are not two different files.
        DataError: A file cannot be used.
        ScoreError: Hypotheses and references do not fit together.
    """
    names = [str(file) for file in files]
    if len(files) < 2 or len(set(names)) < len(files):
        raise UsageError("give at least two different files of hypotheses to compare")
    known = read_references(references, split, plain=plain)
    captions = [read_hypotheses(file, known, plain=plain, partial=partial) for file in files]
    shared = known.only(set.intersection(*map(set, captions)))
    if not shared.texts:
        raise ScoreError("no item has a caption by each system: there is nothing to compare")
    scorer = CardScorer(shared, families, num_missing=len(known.texts) - len(shared.texts))
    cards = {
        name: scorer.score({item: texts[item] for item in shared.texts})
        for name, texts in zip(names, captions, strict=True)
    }
    return cards, compare_cards(cards)


def compare_cards(cards: Mapping[str, ScoreCard]) -> list[Verdict]:
    """Compare each system to the first, in all scores that both have; 1,000 resamples each.

    Raises:
        ScoreError: The cards come from different references.
    """
    (first, baseline), *others = cards.items()
    verdicts = []
    for second, card in others:
        shared = [
            family for family in baseline.report.statistics if family in card.report.statistics
        ]
        compared = compare(_only(baseline.report, shared), _only(card.report, shared))
        verdicts += [
            Verdict(metric, first, second, comparison) for metric, comparison in compared.items()
        ]
    return verdicts


def describe_comparison(cards: Mapping[str, ScoreCard], verdicts: list[Verdict]) -> list[str]:
    """Lay out each system's scores with their intervals, then the verdicts, as lines of text."""
    first = next(iter(cards.values()))
    width = max(map(len, cards))
    lines = []
    for name in first.report.scores:
        lines.append(f"{name}{' (lower is better)' if name in LOWER_IS_BETTER else ''}")
        for system, card in cards.items():
            if name in card.report.scores:
                interval = card.intervals[name]
                value = (
                    f"{card.report.scores[name]:7.2f}   {interval.low:6.2f} to {interval.high:6.2f}"
                )
                lines.append(f"  {system:{width}} {value}")
    return [*lines, "", *map(str, verdicts), "", *describe_signatures(first)]


def _only(report: Report, families: list[str]) -> Report:
    return report_of(
        {family: report.statistics[family] for family in families}, report.signature, report.ids
    )
