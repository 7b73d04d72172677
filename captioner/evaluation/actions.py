"""Measures how well a model names actions.

It labels each clip once, and counts the right labels and the confused classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from captioner.batch import caption_files
from captioner.data.clips import ClipExample
from captioner.errors import DataError
from captioner.evaluation import check_read
from captioner.metrics import Report
from captioner.metrics.accuracy import ACCURACY, AccuracyScorer, accuracy_interval, top_k_accuracy
from captioner.metrics.significance import Interval
from captioner.outputs.record import Record
from captioner.pipeline import ActionRecognizer
from captioner.progress import progress


@dataclass(frozen=True)
class Recognition:
    """What a model made of labelled clips.

    Attributes:
        report: Accuracy, over all and by class.
        interval: The accuracy's 95 % interval.
        top_k: How often the right label is among the first k, times 100.
        k: How many labels of a clip count for it.
        truth: The right label of each clip.
        records: What is written about each.
    """

    report: Report
    interval: Interval
    top_k: float
    k: int
    truth: list[str]
    records: list[Record]

    @property
    def named(self) -> list[str]:
        """The best label of each clip."""
        return [record.caption or "" for record in self.records]


def evaluate_actions(
    recognizer: ActionRecognizer, examples: Sequence[ClipExample], k: int = 5
) -> Recognition:
    """Name the action in every clip, and compare.

    Args:
        recognizer: The model.
        examples: Clips, each with its label.
        k: How many labels of a clip count for top-k accuracy.

    Raises:
        DataError: A clip cannot be read, or has several texts rather than a label.
    """
    truth = [_label(example) for example in examples]
    records = []
    files = [example.clip for example in examples]
    with progress("labels", len(files), "clips") as advance:
        for done in caption_files(recognizer, files, recognizer.best_labels(k)):
            check_read(done.record, "clip")
            records.append(done.record)
            advance()
    report = AccuracyScorer(dict(enumerate(truth))).score(
        {n: record.caption or "" for n, record in enumerate(records)}
    )
    ranked = [[one.caption for one in record.candidates] for record in records]
    interval = accuracy_interval(report.scores[ACCURACY], len(truth))
    return Recognition(report, interval, top_k_accuracy(ranked, truth, k), k, truth, records)


def _label(example: ClipExample) -> str:
    if len(example.texts) != 1:
        raise DataError(
            f"{example.clip}: it has {len(example.texts)} captions, where accuracy is of one label"
        )
    return example.texts[0]
