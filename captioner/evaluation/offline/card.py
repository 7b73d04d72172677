"""Scores hypotheses in full: scores, intervals, signatures, and what scores hide."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from captioner.errors import MissingExtraError, ScoreError, UsageError
from captioner.evaluation.offline.references import ItemId, References
from captioner.metrics.diversity import Diversity, measure_diversity
from captioner.metrics.report import METRICS, OPTIONAL, Report, Scorer, report_of
from captioner.metrics.significance import Interval, confidence_intervals

FAMILIES = {"rouge" if family == "RougeL" else family.lower(): family for family in METRICS}
"""What the user calls each family of metrics."""

LOWER_IS_BETTER = frozenset({"TER", "WER", "CER"})


@dataclass(frozen=True)
class ScoreCard:
    """All that is said of one system's captions.

    Attributes:
        report: Its scores, of the whole and of each item.
        intervals: Each score's 95 % interval.
        signatures: What each score depends on beside the texts.
        diversity: What scores hide.
        notices: One line for each metric that could not be had.
        num_missing: How many items of the references had no caption, and are left out of all
            scores.
    """

    report: Report
    intervals: dict[str, Interval]
    signatures: dict[str, str]
    diversity: Diversity
    notices: tuple[str, ...]
    num_missing: int = 0

    @property
    def scored(self) -> str:
        """Say how many items the scores are of, and how many they are not."""
        left_out = f", {self.num_missing} without a caption left out" if self.num_missing else ""
        return f"{self.report.num_items} items{left_out}"

    @property
    def leading(self) -> str:
        """The score by which items are ranked: CIDEr where there is one."""
        return "CIDEr" if "CIDEr" in self.report.scores else next(iter(self.report.scores))

    @property
    def worst_first(self) -> list[int]:
        """The rows of the items by that score, those of equal ones in their order."""
        scores = self.report.per_image[self.leading]
        worse = -scores if self.leading in LOWER_IS_BETTER else scores
        return [int(row) for row in worse.argsort(kind="stable")]

    def to_dict(self) -> dict[str, Any]:
        """Return the card without its items, ready for JSON."""
        return {
            "scores": self.report.scores,
            "intervals": {name: asdict(interval) for name, interval in self.intervals.items()},
            "signatures": self.signatures,
            "num_items": self.report.num_items,
            "num_missing": self.num_missing,
            "diversity": self.diversity.to_dict(),
            "notices": list(self.notices),
        }


def parse_metrics(names: str) -> list[str]:
    """Read `bleu,cider` as families of metrics, in the order of `FAMILIES`.

    Raises:
        UsageError: A name is unknown, or there is none.
    """
    wanted = {name.strip().lower() for name in names.split(",") if name.strip()}
    if unknown := sorted(wanted - FAMILIES.keys()):
        raise UsageError(
            f"no metric is called {', '.join(unknown)}; there are {', '.join(FAMILIES)}"
        )
    if not wanted:
        raise UsageError(f"no metric is named; there are {', '.join(FAMILIES)}")
    return [family for name, family in FAMILIES.items() if name in wanted]


class CardScorer:
    """Scores any number of systems against references that are counted once.

    A metric whose library or Java is missing costs a notice, and no other score.

    Args:
        references: What the hypotheses are scored against.
        families: The families of metrics, as `parse_metrics` gives them.
        num_missing: How many items had no caption, and are not among the references.

    Raises:
        ScoreError: There are no references.
    """

    def __init__(
        self, references: References, families: Sequence[str], num_missing: int = 0
    ) -> None:
        self._num_missing = num_missing
        self._scorer = Scorer(references.texts)
        self._references = list(references.texts.values())
        self._families = families
        self._notices: dict[str, str] = {}
        self._optional: dict[str, Any] = {}
        for family in (family for family in families if family in OPTIONAL):
            try:
                self._optional[family] = OPTIONAL[family](self._references)
            except (MissingExtraError, ScoreError) as error:
                self._miss(family, error)

    def score(
        self,
        hypotheses: Mapping[ItemId, str],
        training: Collection[str] | None = None,
        max_length: int | None = None,
    ) -> ScoreCard:
        """Score one system.

        Args:
            hypotheses: One caption for each item.
            training: Training captions, for the fraction of captions that are new, and of those
                with an odd pair.
            max_length: The most words that the system could write, for the fraction of captions
                that are so long.

        Raises:
            ScoreError: None of the metrics could be had.
        """
        report = self._report(hypotheses)
        diversity = measure_diversity(
            list(hypotheses.values()), training, max_length, self._references
        )
        signatures = {
            name: self._optional[family].signature if family in OPTIONAL else self._scorer.signature
            for family in report.statistics
            for name in METRICS[family].names
        }
        intervals, notices = confidence_intervals(report), tuple(self._notices.values())
        return ScoreCard(report, intervals, signatures, diversity, notices, self._num_missing)

    def _report(self, hypotheses: Mapping[ItemId, str]) -> Report:
        statistics = self._scorer.score(hypotheses).statistics
        texts = [hypotheses[item] for item in self._scorer.ids]
        for family, metric in list(self._optional.items()):
            try:
                statistics[family] = metric.statistics(texts)
            except ScoreError as error:
                self._miss(family, error)
                del self._optional[family]
        chosen = {family: statistics[family] for family in self._families if family in statistics}
        if not chosen:
            raise ScoreError(f"no score is left: {'; '.join(self._notices.values())}")
        return report_of(chosen, self._scorer.signature, self._scorer.ids)

    def _miss(self, family: str, error: Exception) -> None:
        self._notices[family] = f"{METRICS[family].names[0]} is left out: {error}"


def describe(card: ScoreCard) -> list[str]:
    """Lay a card out as lines of text."""
    return [
        *_score_lines(card),
        "",
        *describe_signatures(card),
        "",
        *describe_diversity(card.diversity),
    ]


def describe_signatures(card: ScoreCard) -> list[str]:
    """Say each signature once, with the scores that it stands for."""
    names: dict[str, list[str]] = {}
    for name, signature in card.signatures.items():
        names.setdefault(signature, []).append(name)
    return [f"{', '.join(of_one)}: {signature}" for signature, of_one in names.items()]


def describe_diversity(diversity: Diversity) -> list[str]:
    """Say in words what scores hide."""
    lines = [
        f"{diversity.vocabulary_size} different words, {diversity.mean_length:.1f} words a caption",
        f"distinct-1 {diversity.distinct_1:.3f}, distinct-2 {diversity.distinct_2:.3f}, "
        f"repeated pairs of words {diversity.repeated_2grams:.1%}",
        f"broken off {diversity.broken_off:.1%}",
    ]
    if diversity.novelty is not None:
        lines.append(
            f"{diversity.novelty:.1%} of the captions are new; all others equal a training caption"
        )
    if diversity.at_max_length is not None:
        lines.append(
            f"{diversity.at_max_length:.1%} of the captions are as long as allowed, most of them"
            " cut off"
        )
    if diversity.odd_pairs is not None:
        examples = f" ({', '.join(diversity.odd_examples)})" if diversity.odd_examples else ""
        line = f"{diversity.odd_pairs:.1%} of the captions have an odd pair{examples}"
        people = diversity.odd_pairs_of_references
        lines.append(line if people is None else f"{line}, and {people:.1%} of the references")
    return lines


def _score_lines(card: ScoreCard) -> list[str]:
    lines = [f"{'':8} {'score':>7}   95 % interval of {card.scored}"]
    for name, value in card.report.scores.items():
        interval = card.intervals[name]
        note = "  (lower is better)" if name in LOWER_IS_BETTER else ""
        lines.append(f"{name:8} {value:7.2f}   {interval.low:6.2f} to {interval.high:6.2f}{note}")
    return lines
