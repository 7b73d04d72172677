"""Reads the texts of a subtitle file's cues, and writes the file back with other texts.

Times, formatting and settings stay.
"""

import html
import re
from collections.abc import Callable, Sequence
from io import StringIO
from pathlib import Path
from textwrap import wrap

from captioner.data.text_file import read_text
from captioner.errors import AnnotationError
from captioner.preprocess.opening import import_library

# Marks around a whole cue, such as italics, a place on the screen or a speaker's name.
OPENING = re.compile(r"\s*(?:<[^<>]+>|\{\\[^{}]*\})*")
CLOSING = re.compile(r"(?:</[^<>]+>)*\s*$")
MARKS = re.compile(r"<[^<>]+>|\{\\[^{}]*\}")
SHORT_LINE = 20  # letters; a shorter text needs no second line
TURN = re.compile(r"\s*[-–—]")  # the line of another speaker


class Subtitles:
    """The content of a subtitle file.

    A cue has one text for each speaker, whose consecutive lines are joined.

    Args:
        cues: The texts of the cues with their marks.
        write: Makes the file's content from as many other texts.
        escapes: Whether `&`, `<` and `>` are written as in HTML.

    Attributes:
        texts: All texts of all cues, in order.
    """

    def __init__(
        self, cues: Sequence[str], write: Callable[[Sequence[str]], str], escapes: bool
    ) -> None:
        self._cues = [_Cue(text, escapes) for text in cues]
        self._write = write
        self.texts = [text for cue in self._cues for text in cue.texts]

    def with_texts(self, texts: Sequence[str]) -> str:
        """Return the file with as many other texts; no cue has more lines than before."""
        rest = iter(texts)
        return self._write([cue.with_texts([next(rest) for _ in cue.texts]) for cue in self._cues])


class _Cue:
    """The marks around a cue's text, and its speakers' texts without any."""

    def __init__(self, text: str, escapes: bool) -> None:
        opening, closing = OPENING.match(text), CLOSING.search(text)
        self._before = opening[0] if opening else ""
        self._after = closing[0] if closing and len(self._before) < len(text) else ""
        self._escapes = escapes
        inner = MARKS.sub("", text[len(self._before) : len(text) - len(self._after)])
        turns: list[list[str]] = []
        for line in (html.unescape(inner) if escapes else inner).splitlines():
            if not turns or TURN.match(line):
                turns.append([])
            turns[-1].append(line.strip())
        self._num_lines = [len(lines) for lines in turns]
        self.texts = [" ".join(filter(None, lines)) for lines in turns]

    def with_texts(self, texts: Sequence[str]) -> str:
        lines = [
            line
            for text, most in zip(texts, self._num_lines, strict=True)
            for line in _wrapped(text, most)
        ]
        inner = "\n".join(lines)
        shown = html.escape(inner, quote=False) if self._escapes else inner
        return f"{self._before}{shown}{self._after}"


def _wrapped(text: str, most: int) -> list[str]:
    """Break a text into at most so many lines of about equal length."""
    for width in range(max(len(text) // most, SHORT_LINE), len(text) + 1):
        lines = wrap(text, width, break_long_words=False, break_on_hyphens=False)
        if len(lines) <= most:
            return lines
    return [text]


def read_subtitles(file: Path) -> Subtitles:
    """Read a file of SubRip (`.srt`) or WebVTT (`.vtt`).

    Raises:
        AnnotationError: It cannot be read, or is malformed.
        MissingExtraError: The library that reads such files is not installed.
    """
    text = read_text(file).replace("\r\n", "\n")
    return _read_vtt(text, file) if file.suffix.lower() == ".vtt" else _read_srt(text, file)


def _read_srt(text: str, file: Path) -> Subtitles:
    srt = import_library("srt", "subtitles")
    try:
        cues = list(srt.parse(text))
    except srt.SRTParseError as error:
        line = text.count("\n", 0, error.expected_start) + 1
        raise AnnotationError(
            f"{file}, line {line}: no cue of SubRip, whose times are as in 00:00:01,000 -->"
            " 00:00:02,500"
        ) from error
    except (ValueError, OverflowError) as error:  # of numbers that are too large
        raise AnnotationError(f"{file}: no subtitles of SubRip ({error})") from error
    if not any(cue.index for cue in cues):
        for number, cue in enumerate(cues, start=1):
            cue.index = number

    def write(texts: Sequence[str]) -> str:
        for cue, new in zip(cues, texts, strict=True):
            cue.content = new
        return str(srt.compose(cues, reindex=False))

    return Subtitles([cue.content for cue in cues], write, escapes=False)


def _read_vtt(text: str, file: Path) -> Subtitles:
    webvtt = import_library("webvtt", "subtitles")
    try:
        read = webvtt.from_buffer(StringIO(text))
    except webvtt.errors.MalformedFileError as error:
        raise AnnotationError(f"{file}: no subtitles of WebVTT ({error})") from error

    def write(texts: Sequence[str]) -> str:
        for caption, new in zip(read.captions, texts, strict=True):
            caption.text = new
        return str(read.content).rstrip("\n") + "\n"

    return Subtitles([caption.raw_text for caption in read.captions], write, escapes=True)
