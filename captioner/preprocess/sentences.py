"""Splits a text into sentences and the layout around them, which a translation keeps."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sentencex import segment

DEFAULT_LANGUAGE = "en"

# Lines end at the same characters as in `str.splitlines`.
LINE = re.compile(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")

# What may come before the text of a line: marks of lists, quotations, headings and turns of
# speech.
LIST_MARKS = re.compile(
    r"\s*(?:(?:[-*+•‣◦▪·–—>]|#{1,6}|\[[ xX]\]|\(?\d{1,3}[.)]|\(?[A-Za-z]\))\s+)*"
)

# sentencex 1.0.32 panics if white space of several bytes follows an initial.
WIDE_SPACE = re.compile(r"[^\S ]")

# Ends of sentences that the splitter misses: an end mark with a closing bracket, an ellipsis,
# "etc." or an emoji, then white space and a capital letter.
MISSED_END = re.compile(
    r"(?:(?<=[.!?…][)\]])|(?<=…)|(?<=\betc\.)|(?<=[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f]))\s+(?=[\"'“„«‘(]?[A-ZÀ-ÖØ-Þ])"
)

# Emoji at either end of a sentence, separate from its words, belong to the layout. An emoji before
# a capital letter ends a sentence.
EMOJI = r"[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\ufe0f\u200d]+"
EMOJI_BEFORE = re.compile(rf"\s*(?:{EMOJI}\s+)*")
EMOJI_BEHIND = re.compile(rf"{EMOJI}[.!?…]*")

# What the splitter wrongly takes for the end of a sentence, by language.
NO_END = {
    # For example the ordinal in "am 3. Oktober".
    "de": re.compile(r"(?:\b\d{1,2}|\bFa|\bMo|\bDi|\bMi|\bDo|\bFr|\bSa|\bSo)\.\s+$"),
    "fr": re.compile(r"(?:\bM|\bMM|\bDr|\bPr|\bno|\bNo|\b[XVI]{2,}|\b[A-Z]\.-[A-Z])\.\s+$"),
}


@dataclass(frozen=True)
class Layout:
    """A text cut into sentences; `layout.join(layout.sentences)` is the text.

    Attributes:
        sentences: The sentences, in order, without white space at either end.
        gaps: The text before each sentence and after the last one: white space, line ends, marks
            of lists, and anything without letters. There is one more gap than sentences.
    """

    sentences: tuple[str, ...]
    gaps: tuple[str, ...]

    def join(self, sentences: Sequence[str]) -> str:
        """Return a text of other sentences in this layout."""
        return "".join(
            part for pair in zip(self.gaps, (*sentences, ""), strict=True) for part in pair
        )


def cut_sentences(text: str, language: str = DEFAULT_LANGUAGE) -> Layout:
    """Cut a text into sentences: at all ends of lines, and within a line at the ends of sentences.

    All characters are kept. A sentence ends only before white space.

    Args:
        text: Any text; a lone surrogate, which cannot be encoded, becomes a question mark.
        language: A code such as en; its abbreviations and quotation marks are taken into account.
    """
    text = text.encode(errors="replace").decode()
    spans = [
        span for line in LINE.finditer(text) for span in _in_line(line[0], line.start(), language)
    ]
    edges = [0, *(edge for span in spans for edge in span), len(text)]
    return Layout(
        sentences=tuple(text[start:end] for start, end in spans),
        gaps=tuple(text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)),
    )


def _in_line(line: str, offset: int, language: str) -> Iterator[tuple[int, int]]:
    """Yield the start and the end of each sentence of a line that begins at `offset`."""
    marks = LIST_MARKS.match(line)
    start = marks.end() if marks else 0
    for piece in _pieces(line[start:], language):
        end = start + len(piece)
        if any(sign.isalpha() for sign in piece):
            before = EMOJI_BEFORE.match(piece)
            yield (
                offset + start + (before.end() if before else 0),
                offset + start + len(_without_emoji_behind(piece)),
            )
        start = end


def _without_emoji_behind(piece: str) -> str:
    piece = piece.rstrip()
    while len(words := piece.rsplit(maxsplit=1)) == 2 and EMOJI_BEHIND.fullmatch(words[1]):
        piece = piece[: -len(words[1])].rstrip()
    return piece


def _pieces(line: str, language: str) -> list[str]:
    """Cut a line after the white space that follows each sentence."""
    pieces: list[str] = []
    no_end = NO_END.get(language)
    start = 0
    for piece in segment(language, WIDE_SPACE.sub(" ", line)):
        piece, start = line[start : start + len(piece)], start + len(piece)
        before = pieces[-1] if pieces else " "
        if not before[-1].isspace() or (no_end and no_end.search(before)):
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return [part for piece in pieces for part in _missed(piece)]


def _missed(piece: str) -> Iterator[str]:
    start = 0
    for end in MISSED_END.finditer(piece):
        yield piece[start : end.end()]
        start = end.end()
    yield piece[start:]
