"""Unifies characters that look alike in a source, and sets quotation marks in a translation."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle

# The plain form of quotes, apostrophes and hyphens; models have mostly read straight quotes.
STRAIGHT = str.maketrans(
    dict.fromkeys("‘’‚‛ʼʹ′´`‹›＇", "'")
    | dict.fromkeys("“”„‟«»″〝〞＂", '"')
    | dict.fromkeys("‐‑‒−﹣－", "-")
)
DASH = re.compile(r"(?<=[^\W\d])[–—―](?=[^\W\d])")  # between words without spaces
DASHES = str.maketrans(dict.fromkeys("–—―", "-"))

# Invisible marks: soft hyphens, joiners, byte-order marks. A joiner within an emoji stays, since
# the emoji needs it.
INVISIBLE = re.compile(
    r"[\u00ad\u034f\u061c\u180e\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]|\u200d(?=\w|$)"
)

# The Unicode decompositions that are applied: ligatures, letters of other widths and fonts, and
# no-break hyphens. Forms that have a meaning of their own, such as superscripts, stay.
PLAINER_FORMS = ("<compat>", "<wide>", "<narrow>", "<font>", "<noBreak>")

CAPITALS = re.compile(r"[^\W\d_]{2}")
NOT_A_WORD = re.compile(r"[\d@/_\\]|\w\.\w")  # such as an address, whose capitals may matter
IN_BACKTICKS = re.compile("`.+`")  # code
FRENCH_END = re.compile(r"»[^\w«]*")
QUOTES = re.compile('["„“”«»]')
PAIRS = {"de": ("„", "“")}  # French marks need spaces around them, so they would count as words


@dataclass(frozen=True)
class Reading:
    """A sentence as a model reads it.

    Attributes:
        words: The words that it reads, to be joined with spaces.
        columns: For each word, the number of the sentence's word that it comes from, counted from
            0.
        in_capitals: Whether the whole sentence was in capitals; it is then read in lower case.
    """

    words: tuple[str, ...]
    columns: tuple[int, ...]
    in_capitals: bool = False

    @property
    def text(self) -> str:
        """The words with spaces between them."""
        return " ".join(self.words)


def plain_text(text: str) -> str:
    """Return a text in the spelling that models read; texts that look alike become equal.

    The result has composed letters (NFC), plain letters in place of ligatures and of other widths
    and fonts, three dots for an ellipsis, straight quotes and apostrophes, a hyphen for each dash,
    single spaces, and no invisible marks. A text in capitals becomes lower case.
    """
    return plain_reading(text.split()).text


def plain_reading(words: Sequence[str]) -> Reading:
    """Return a sentence's words in the spelling that models read, and the word each comes from."""
    found: list[str] = []
    columns: list[int] = []
    opening = ""  # French quotation marks have a space between them and the text
    for column, word in enumerate(words):
        if word == "«":
            opening = '"'
        elif found and not opening and FRENCH_END.fullmatch(word):
            found[-1] += _plain_word(word)
        else:
            for part in _plain_word(word).split():
                found.append(opening + part)
                columns.append(column)
                opening = ""
    loud = sum(map(bool, map(CAPITALS.search, found))) > 1 and not any(
        sign.islower() for word in found for sign in word
    )
    if loud:
        found = [word if NOT_A_WORD.search(word) else word.lower() for word in found]
        found[0] = found[0][:1].upper() + found[0][1:]
    return Reading(tuple(found), tuple(columns), loud)


def _plain_word(word: str) -> str:
    if word.isascii():
        return word if IN_BACKTICKS.search(word) else word.translate(STRAIGHT)
    seen = unicodedata.normalize("NFC", INVISIBLE.sub("", word))
    seen = DASH.sub(" - ", "".join(map(_plain_form, seen)).translate(STRAIGHT))
    return unicodedata.normalize("NFC", seen.translate(DASHES))


def _plain_form(sign: str) -> str:
    """Return the plain form of a character, or itself if its form means something."""
    if sign.isascii() or not unicodedata.decomposition(sign).startswith(PLAINER_FORMS):
        return sign
    form = unicodedata.normalize("NFKC", sign)
    return sign if " " in form else form


def with_quotes_of(language: str, text: str, source: str) -> str:
    """Return a translation with the quotation marks of its language.

    Marks change only if they come in pairs and the source has some.

    Args:
        language: The translation's language, a code such as de.
        text: The translation.
        source: The source text, in the spelling that models read.
    """
    if language not in PAIRS or '"' not in source or len(QUOTES.findall(text)) % 2:
        return text
    marks = cycle(PAIRS[language])
    return QUOTES.sub(lambda _: next(marks), text)
