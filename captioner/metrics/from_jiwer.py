"""WER and CER of transcripts, as jiwer counts them; case and punctuation count."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from captioner.errors import MissingExtraError
from captioner.metrics.signature import nrefs


class _ErrorRate:
    """Substitutions, deletions and insertions by units of the reference.

    Lower is better, and it may exceed 1.

    Of several references, the one that gives the lowest rate counts.
    """

    names: ClassVar[tuple[str, ...]]
    _unit: ClassVar[str]

    def __init__(self, references: Sequence[Sequence[str]]) -> None:
        """Keep the references of each item, none empty; raise MissingExtraError without jiwer."""
        from importlib.metadata import version

        try:
            import jiwer
        except ModuleNotFoundError as error:
            raise MissingExtraError("jiwer", "score") from error
        self._process: Any = getattr(jiwer, f"process_{self._unit}")
        self._references = references
        counts = nrefs([len(texts) for texts in references])
        self.signature = (
            f"nrefs:{counts}|case:mixed|tok:{self._unit}|version:jiwer-{version('jiwer')}"
        )

    def statistics(self, hypotheses: Sequence[str]) -> NDArray[np.float64]:
        """Count errors, and units of the reference, `[items, 2]`."""
        rows = [
            min(
                (self._errors(text, hypothesis) for text in texts),
                key=lambda row: row[0] / max(row[1], 1),
            )
            for hypothesis, texts in zip(hypotheses, self._references, strict=True)
        ]
        return np.array(rows, np.float64)

    def _errors(self, reference: str, hypothesis: str) -> tuple[int, int]:
        counted = self._process(reference, hypothesis)
        wrong = counted.substitutions + counted.deletions
        return wrong + counted.insertions, wrong + counted.hits

    @staticmethod
    def scores(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """Error rate, `[..., 1]`, from added statistics, `[..., 2]`."""
        return sums[..., :1] / np.maximum(sums[..., 1:], 1)


class Wer(_ErrorRate):
    """The word error rate."""

    names = ("WER",)
    _unit = "words"


class Cer(_ErrorRate):
    """The character error rate; a space is a character."""

    names = ("CER",)
    _unit = "characters"
