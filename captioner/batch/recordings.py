"""Transcribes recordings in order; a broken file becomes a failed record."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from captioner.batch.batches import FileResult, Reading
from captioner.config import SearchConfig
from captioner.errors import InputError
from captioner.outputs.record import Candidate, Record, Segment
from captioner.pipeline import Transcriber, TranscriptResult

FILES_TOGETHER = 32  # the most that go through the model at once
# No file is added once those read last this long, since a long recording fills batches by itself.
SECONDS_TOGETHER = 600.0


def transcribe_batches(
    transcriber: Transcriber,
    files: Iterable[str | Path],
    search: SearchConfig,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[list[FileResult]]:
    """Transcribe files in their order; while some are in the model, a thread reads the next ones.

    Args:
        transcriber: The model.
        files: Recordings; one that cannot be read becomes a failed record in its place.
        search: How transcripts are searched.
        stop: Called before each batch; once it returns True, no more batches are yielded.
    """
    upcoming = iter(files)
    with ThreadPoolExecutor(1) as thread:
        reading = thread.submit(_read_some, transcriber, upcoming)
        while (batch := reading.result()) and not stop():
            reading = thread.submit(_read_some, transcriber, upcoming)
            yield _transcribed(transcriber, batch, search)


def _read_some(transcriber: Transcriber, files: Iterator[str | Path]) -> list[Reading]:
    """Read as many files as go through the model together."""
    batch: list[Reading] = []
    seconds = 0.0
    while (
        len(batch) < FILES_TOGETHER
        and seconds < SECONDS_TOGETHER
        and (file := next(files, None)) is not None
    ):
        try:
            samples = transcriber.read(file)
        except InputError as error:
            batch.append(Reading(file, error=error))
            continue
        batch.append(Reading(file, prepared=samples))
        seconds += len(samples) / transcriber.sample_rate_hz
    return batch


def _transcribed(
    transcriber: Transcriber, batch: Sequence[Reading], search: SearchConfig
) -> list[FileResult]:
    samples = [one.prepared for one in batch if one.error is None]
    results = iter(transcriber.transcribe_samples(samples, search))
    return [
        FileResult(
            _record(one.file, next(results), transcriber.name)
            if one.error is None
            else Record.failed(one.file, one.error, transcriber.name)
        )
        for one in batch
    ]


def _record(file: str | Path, result: TranscriptResult, model: str) -> Record:
    return Record(
        file=str(file),
        caption=result.text,
        log_prob=result.log_prob,
        candidates=tuple(Candidate(one.text, one.log_prob) for one in result.candidates),
        model=model,
        error=None,
        duration_s=result.duration_s,
        segments=tuple(
            Segment(round(cue.start_s, 3), round(cue.end_s, 3), cue.text) for cue in result.segments
        ),
    )
