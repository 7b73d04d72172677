"""Writes transcripts as lines of text, or as the subtitles of one recording."""

from captioner.outputs.record import Record, Segment
from captioner.outputs.writer import TextWriter

LINE_ENDS = dict.fromkeys(map(ord, "\t\n\r"), " ")
IN_A_CUE = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}


class LinesWriter(TextWriter):
    """Writes one line per recording, empty if it failed, so that lines and files stay aligned."""

    def _row(self, record: Record) -> str:
        return (record.caption or "").translate(LINE_ENDS) + "\n"


class SrtWriter(TextWriter):
    """Writes SubRip subtitles: numbered from 1, with a comma before the milliseconds."""

    def _row(self, record: Record) -> str:
        cues = enumerate(_plain(record), start=1)
        return "\n".join(f"{number}\n{_times(cue, ',')}\n{cue.text}\n" for number, cue in cues)


class VttWriter(TextWriter):
    """Writes WebVTT subtitles, which browsers read.

    Source:
        WebVTT, W3C, section 4.1 (file structure) and section 4.2.2 (what is escaped in a cue).
    """

    def _head(self) -> str:
        return "WEBVTT\n"

    def _row(self, record: Record) -> str:
        return "".join(
            f"\n{_times(cue, '.')}\n{cue.text.translate(IN_A_CUE)}\n" for cue in _plain(record)
        )


def _plain(record: Record) -> list[Segment]:
    """Return the cues that have a text, each as one line."""
    cues = [
        Segment(cue.start_s, cue.end_s, cue.text.translate(LINE_ENDS).strip())
        for cue in record.segments
    ]
    return [cue for cue in cues if cue.text]


def _times(cue: Segment, mark: str) -> str:
    return f"{_time(cue.start_s, mark)} --> {_time(cue.end_s, mark)}"


def _time(seconds: float, mark: str) -> str:
    """Return a time as hours, minutes, seconds and milliseconds."""
    whole, milliseconds = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}{mark}{milliseconds:03d}"
