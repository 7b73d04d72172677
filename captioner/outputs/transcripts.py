"""Transcripts to JSON lines, lines of text, and subtitles."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from captioner.errors import UsageError
from captioner.outputs.disk import check_place
from captioner.outputs.record import ErrorInfo

LINE_ENDS = dict.fromkeys(map(ord, "\t\n\r"), " ")


@dataclass(frozen=True)
class Segment:
    """A part of a recording between two pauses.

    Attributes:
        start_s: Where it begins, seconds.
        end_s: Where it ends.
        text: What is said in it.
    """

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True)
class TranscriptRecord:
    """One recording, transcribed or failed.

    Attributes:
        file: The file, as the caller named it.
        text: What is said, by the best hypothesis; None where the file failed.
        log_prob: Its log-probability, nats; None where the file failed.
        candidates: All hypotheses asked for, best first: text and log-probability.
        model: Name of the model.
        error: Why there is no transcript; None where there is one.
        duration_s: How long the recording lasts, seconds; None where the file failed.
        segments: The parts in which something is said.
    """

    file: str
    text: str | None
    log_prob: float | None
    candidates: tuple[tuple[str, float], ...]
    model: str
    error: ErrorInfo | None
    duration_s: float | None = None
    segments: tuple[Segment, ...] = ()


def json_row(record: TranscriptRecord) -> str:
    """Return a row of JSON lines, with the keys of a caption's row; all but ASCII is escaped."""
    row = asdict(record)
    row["candidates"] = [{"text": text, "log_prob": log_prob} for text, log_prob in record.candidates]
    row["segments"] = [
        {"start_s": round(cue.start_s, 3), "end_s": round(cue.end_s, 3), "text": cue.text} for cue in record.segments
    ]
    return json.dumps(row) + "\n"


def text_line(record: TranscriptRecord) -> str:
    """Return a transcript as one line; that of a file that failed is empty, so that lines and files stay aligned."""
    return (record.text or "").translate(LINE_ENDS) + "\n"


def srt(record: TranscriptRecord) -> str:
    """Return subtitles as SubRip files have them: numbered from 1, a comma before the milliseconds."""
    cues = enumerate(_plain(record), start=1)
    return "\n".join(
        f"{number}\n{_time(cue.start_s, ',')} --> {_time(cue.end_s, ',')}\n{cue.text}\n" for number, cue in cues
    )


def vtt(record: TranscriptRecord) -> str:
    """Return subtitles as browsers read them.

    Source:
        WebVTT, W3C, section 4.1 (file structure) and section 4.2.2 (what is escaped in a cue).
    """
    escaped = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}
    cues = [
        f"\n{_time(cue.start_s, '.')} --> {_time(cue.end_s, '.')}\n{cue.text.translate(escaped)}\n"
        for cue in _plain(record)
    ]
    return "".join(["WEBVTT\n", *cues])


FORMATS: dict[str, Callable[[TranscriptRecord], str]] = {
    ".jsonl": json_row,
    ".txt": text_line,
    ".srt": srt,
    ".vtt": vtt,
}
"""What a recording becomes, by the suffix of the output."""

SUBTITLES = (".srt", ".vtt")


def check_transcript_outputs(outputs: Sequence[Path], num_recordings: int) -> None:
    """See that all outputs can be written, before a model is loaded.

    Raises:
        UsageError: A suffix is unknown, a file cannot be written, or several recordings would share subtitles.
    """
    for path in outputs:
        suffix = path.suffix.lower()
        if suffix not in FORMATS:
            raise UsageError(f"{path}: transcripts are written to {', '.join(FORMATS)}")
        if suffix in SUBTITLES and num_recordings > 1:
            raise UsageError(f"{path}: subtitles are of one recording, and there are {num_recordings:,}: use .jsonl")
        check_place(path)


def _plain(record: TranscriptRecord) -> list[Segment]:
    """Return the cues without empty ones, each on one line."""
    cues = [Segment(cue.start_s, cue.end_s, cue.text.translate(LINE_ENDS).strip()) for cue in record.segments]
    return [cue for cue in cues if cue.text]


def _time(seconds: float, mark: str) -> str:
    """Return a time as hours, minutes, seconds and milliseconds."""
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}{mark}{milliseconds:03d}"
