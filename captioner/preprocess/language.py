"""Detects the language of a text, and chooses in which direction the text is translated."""

from collections.abc import Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from captioner.errors import ModelError
from captioner.preprocess.typography import plain_text

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

# The language is detected from a text's beginning; more characters take time and do not help.
NUM_CHARACTERS = 2000
# A text is foreign if each language of a model has less than this fraction of the likeliest
# language's probability. Of 9,042 sentences in English, German and French, each had 5 % of it or
# more; of 12 sentences in other languages, none had more than 0.4 %.
FOREIGN = 0.01
# A text is in the target language already if each source language has less than this fraction of
# its probability. The value was chosen on these sentences: of 2,400 English ones to translate into
# German or French, none fell below it; of 2,800 German and French ones to translate from English
# into their own language, all but 23 did.
ALREADY = 0.1


def detect_language(text: str, among: Sequence[str]) -> str:
    """Return the language of a text, one of `among`.

    A text in several languages gets the one that fills most of its beginning. A single word that
    several languages share (Taxi, Restaurant) may get any of them. A text without evidence (no
    letters, or a name that the detector never read) gets the first of `among`. A text in a language
    that is not among them gets the most similar one; `is_foreign` detects this case.

    Args:
        text: Any text; typographic quotes or capitals, for example, do not change the answer.
        among: One or more codes such as en, the usual one first.

    Raises:
        ModelError: One of several languages is unknown to the detector.

    Source:
        Lui and Baldwin 2012, https://aclanthology.org/P12-3005, with the model and the code of
        py3langid.
    """
    if len(among) == 1 or not any(map(str.isalpha, text)):
        return among[0]
    scores = _probabilities(text)
    if unknown := [code for code in among if code not in scores]:
        told = f"texts in {', '.join(unknown)} cannot be told from others"
        raise ModelError(f"{told}: say which language a text is in")
    return max(among, key=scores.__getitem__)


def is_foreign(text: str, among: Sequence[str]) -> bool:
    """Tell whether a text is surely written in a language that is none of `among`.

    If that is uncertain, or if the detector does not know one of them, the answer is False.
    """
    scores = _probabilities(text)
    return all(scores.get(code, 1) < FOREIGN * max(scores.values()) for code in among)


def is_already(text: str, language: str, instead_of: Sequence[str]) -> bool:
    """Tell whether a text is surely written in `language` and in none of `instead_of`.

    If that is uncertain, the answer is False. It is also False for a single word, which several
    languages may share, and if the detector does not know one of the languages.
    """
    num_words = sum(any(map(str.isalpha, word)) for word in text.split())
    if num_words < 2 or not language or language in instead_of:
        return False
    scores = _probabilities(text)
    return all(scores.get(code, 1) < ALREADY * scores.get(language, 0) for code in instead_of)


def choose_direction(
    text: str, directions: Sequence[tuple[str, str]], source: str | None, target: str | None
) -> tuple[str, str] | None:
    """Choose the languages to translate a text from and into.

    Args:
        text: The text; its language is detected if no source is given.
        directions: Pairs of languages between which a model translates.
        source: The language to read.
        target: The language to write; None for the first that the model writes from the source.

    Returns:
        The language to read and the one to write. They are the same if no source is given and the
        text is surely in the target language already. None if the model has no such direction.

    Raises:
        ModelError: One of several languages to read is unknown to the detector.
    """
    possible = [
        (read, written)
        for read, written in directions
        if source in (None, read) and target in (None, written)
    ]
    if not possible:
        return None
    languages = list(dict.fromkeys(read for read, _ in possible))
    found = detect_language(text, languages)
    read, written = next(pair for pair in possible if pair[0] == found)
    if source is None and is_already(text, written, languages):
        return written, written
    return read, written


@lru_cache(1)
def _probabilities(text: str) -> dict[str, float]:
    """Return the probability of each language that the detector knows; the last answer is kept."""
    beginning = text[:NUM_CHARACTERS].encode(errors="replace").decode()
    return dict(_detector().rank(plain_text(beginning)))


@cache
def _detector() -> "LanguageIdentifier":
    """Load the detector once; this takes 0.7 s and 80 MB, and downloads nothing."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
