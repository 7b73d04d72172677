"""Transcribes recordings in order; a broken file becomes a failed record."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from captioner.batch import FileResult
from captioner.config import SearchConfig
from captioner.errors import InputError
from captioner.outputs.record import Candidate, ErrorInfo, Record, Segment
from captioner.pipeline import Transcriber, TranscriptResult
from captioner.preprocess.audio import Samples

FILES_TOGETHER = 32  # at most so many go through the model at once,
# And no more, once they last so long: a long recording has batches enough of its own.
SECONDS_TOGETHER = 600.0


@dataclass(frozen=True)
class _Heard:
    """A file that was read, or the error."""

    file: str | Path
    samples: Samples | None = None
    error: InputError | None = None


def transcribe_batches(
    transcriber: Transcriber,
    files: Iterable[str | Path],
    search: SearchConfig,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[list[FileResult]]:
    """Transcribe files in their order; while some are in the model, a thread reads the next ones.

    Args:
        transcriber: The model.
        files: Recordings; one that cannot be read is reported in its place, and stops nothing.
        search: How transcripts are searched.
        stop: Asked before each batch; once it says yes, no more come.
    """
    upcoming = iter(files)
    with ThreadPoolExecutor(1) as thread:
        reading = thread.submit(_read_some, transcriber, upcoming)
        while (batch := reading.result()) and not stop():
            reading = thread.submit(_read_some, transcriber, upcoming)
            yield [
                FileResult(record, None, None)
                for record in _transcribed(transcriber, batch, search)
            ]


def _read_some(transcriber: Transcriber, files: Iterator[str | Path]) -> list[_Heard]:
    """Read as many files as go through the model together."""
    batch: list[_Heard] = []
    seconds = 0.0
    while (
        len(batch) < FILES_TOGETHER
        and seconds < SECONDS_TOGETHER
        and (file := next(files, None)) is not None
    ):
        try:
            samples = transcriber.read(file)
        except InputError as error:
            batch.append(_Heard(file, error=error))
            continue
        batch.append(_Heard(file, samples))
        seconds += len(samples) / transcriber.sample_rate_hz
    return batch


def _transcribed(
    transcriber: Transcriber, batch: Sequence[_Heard], search: SearchConfig
) -> Iterator[Record]:
    samples = [heard.samples for heard in batch if heard.samples is not None]
    results = iter(transcriber.transcribe_samples(samples, search))
    for heard in batch:
        result = None if heard.samples is None else next(results)
        yield _record(heard, result, transcriber.name)


def _record(heard: _Heard, result: TranscriptResult | None, model: str) -> Record:
    if result is None:
        error = ErrorInfo(type(heard.error).__name__, heard.error.reason) if heard.error else None
        return Record(str(heard.file), None, None, (), model, error)
    return Record(
        file=str(heard.file),
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
