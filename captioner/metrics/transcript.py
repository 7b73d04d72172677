"""Scores transcripts against what was said, as plain text, by jiwer's WER and CER."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from captioner.errors import ScoreError
from captioner.metrics.from_jiwer import Cer, Wer
from captioner.metrics.report import Report, report_of

ACCURACY = "word accuracy"
"""100 less the word error rate, and never below 0: of all scores of transcripts the one that is
better the higher.
"""


class TranscriptScorer:
    """Scores transcripts against what was said; capitals do not count, all other signs do.

    Where nothing was said, every word that is written is an error.

    Args:
        references: What was said in each recording, by its id.

    Raises:
        ScoreError: There is no recording in which something is said.
        MissingExtraError: jiwer is not installed.
    """

    def __init__(self, references: Mapping[Any, str]) -> None:
        if not any(text.strip() for text in references.values()):
            raise ScoreError("there must be one recording with a text")
        self.ids = tuple(references)
        texts = [(text.lower(),) for text in references.values()]
        self._metrics = (Wer(texts), Cer(texts))
        self.signature = "; ".join(
            f"{' and '.join(metric.names)}: {metric.signature.replace('case:mixed', 'case:lc')}"
            for metric in self._metrics
        )

    def score(self, hypotheses: Mapping[Any, str]) -> Report:
        """Score one transcript a recording.

        Raises:
            ScoreError: The ids are not those of the references.
        """
        if hypotheses.keys() != set(self.ids):
            raise ScoreError(
                f"{len(hypotheses):,} transcripts for {len(self.ids):,} recordings with references"
            )
        texts = [hypotheses[recording].lower() for recording in self.ids]
        statistics = {type(metric).__name__: metric.statistics(texts) for metric in self._metrics}
        report = report_of(statistics, self.signature, self.ids)
        return replace(
            report, scores={ACCURACY: max(0.0, 100 - report.scores["WER"]), **report.scores}
        )
