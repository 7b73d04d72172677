"""Measures how well a model transcribes: compares each recording's transcript with its text."""

from collections.abc import Sequence

from captioner.batch.recordings import transcribe_batches
from captioner.config import SearchConfig
from captioner.data.utterance import Utterance
from captioner.evaluation import check_read
from captioner.metrics import Report
from captioner.metrics.transcript import TranscriptScorer
from captioner.outputs.record import Record
from captioner.pipeline import Transcriber
from captioner.progress import progress


def evaluate_transcripts(
    transcriber: Transcriber, utterances: Sequence[Utterance], search: SearchConfig
) -> tuple[Report, list[Record]]:
    """Transcribe every recording and score the transcripts.

    Returns:
        The scores, and what is written about each recording.

    Raises:
        DataError: A recording cannot be read: scores without it would compare to nothing.
        MissingExtraError: jiwer is not installed.
    """
    scorer = TranscriptScorer(dict(enumerate(one.text for one in utterances)))
    records = []
    with progress("recordings", len(utterances), "recordings") as advance:
        for batch in transcribe_batches(transcriber, [one.audio for one in utterances], search):
            for record in (done.record for done in batch):
                check_read(record, "recording")
                records.append(record)
            advance(len(batch))
    return scorer.score(
        {number: record.caption or "" for number, record in enumerate(records)}
    ), records
