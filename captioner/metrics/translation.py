"""Scores translations against references, as plain text, by sacrebleu's BLEU, chrF and TER."""

from collections.abc import Mapping, Sequence
from typing import Any

from captioner.errors import ScoreError
from captioner.metrics.from_sacrebleu import ChrF, SacreBleu, Ter
from captioner.metrics.report import Report, report_of


class TranslationScorer:
    """Scores translations against references that are counted once.

    Args:
        references: At least one reference for each sentence's id.

    Raises:
        ScoreError: There is no sentence, or one without a reference.
        MissingExtraError: sacrebleu is not installed.
    """

    def __init__(self, references: Mapping[Any, Sequence[str]]) -> None:
        if not references or not all(references.values()):
            raise ScoreError(
                "each sentence needs at least one reference, and there must be one sentence"
            )
        self.ids = tuple(references)
        texts = list(references.values())
        self._metrics = (SacreBleu(texts), ChrF(texts), Ter(texts))
        self.signature = "; ".join(
            f"{' and '.join(metric.names)}: {metric.signature}" for metric in self._metrics
        )

    def score(self, hypotheses: Mapping[Any, str]) -> Report:
        """Score one translation a sentence.

        Raises:
            ScoreError: The ids are not those of the references.
        """
        if hypotheses.keys() != set(self.ids):
            raise ScoreError(
                f"{len(hypotheses):,} translations for {len(self.ids):,} sentences with references"
            )
        texts = [hypotheses[sentence] for sentence in self.ids]
        statistics = {type(metric).__name__: metric.statistics(texts) for metric in self._metrics}
        return report_of(statistics, self.signature, self.ids)
