"""Finds what a translation copies: numbers, addresses, code and unknown names.

A model can neither translate nor spell a word that it has never read. Such a word is therefore
replaced by a stand-in, a word that the model has read often.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from captioner.preprocess.typography import Reading

# A word without the quotes, brackets and marks around it.
CORE = re.compile(r"^(?P<before>[\"'(\[{<¿¡]*)(?P<core>.+?)(?P<after>(?:'s)?[\"')\]}>.,;:!?…]*)$")

ADDRESS = re.compile(
    r"\w[\w+.-]*://\S+|www\.\S+|mailto:\S+|[\w.+-]+@\w[\w-]*(?:\.[\w-]+)+|(?:[\w-]+\.)+[a-z]{2,}(?::\d+)?(?:/\S*)?|@\w+"
)
CODE = re.compile(
    r"`\S+`|#\w+|\S*[\\_{}=<>|]\S*|[~.]{0,2}/\S+|\w+/\S+/\S*|\S*\w\(\)|--?\w[\w-]+|[a-z]+(?:[A-Z][a-z0-9]+)+"
    r"|(?=\S*\d)(?=\S*[A-Za-z])[A-Z]\S*"  # T-800, A4, R2-D2
)
NUMBER = re.compile(
    r"[#$€£¥±+~-]{0,2}\d(?:[\d.,:/'×x-]*\d)?(?:[%‰°′″€$£¥²³]*[A-Za-zµ]{0,3}[²³]?(?:/[a-z]{1,2})?)"
)
ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th)")
NAME = re.compile(r"[^\W\d_]+(?:[-'][^\W\d_]+)*")

BEHIND_A_NAME = re.compile(
    r"and|or|is|was|has|had|will|can|who|[a-z]{2,}(?:[^s]s|ed)|[A-Z]\w+(?:'s)?|[A-Z]\."
)
# German articles and other determiners, which a noun follows.
BEFORE_A_NOUN = re.compile(
    r"d(?:er|ie|as|en|em|es)|zu[mr]|am|ans|im|ins|vom|beim|(?:[mdsk]?ein|ihr|unse?r|eue?r|dies|jed|welch|viel)(?:e[mnrs]?)?"
)

ORDINALS = {"de": "{}.", "fr": "{}e", "en": "{}th"}

# The stand-ins, by language, in the order in which they are tried. Models of captions and everyday
# sentences know small numbers and these names best: of ten sentences with each, Multi30k's two
# models kept `three` in 9 and 10, `John` in 8 and 10, and `BMX` in 8.
NUMBERS = {
    "en": ("three", "five", "four", "six", "seven"),
    "de": ("drei", "fünf", "vier", "sechs", "sieben"),
    "fr": ("trois", "cinq", "quatre", "six", "sept"),
}
NAMES = ("John", "BMX", "Jack", "Jenga", "Texas")
NUM_TRIALS = 4


@dataclass(frozen=True)
class StandIn:
    """A word that is read and written in place of something that is copied.

    Attributes:
        word: Its number among the words of the reading, counted from 0.
        written: The word that a correct translation has for it.
        literal: The text that replaces it in the translation.
    """

    word: int
    written: str
    literal: str

    @property
    def pattern(self) -> re.Pattern[str]:
        """The pattern that finds it in a translation, also with an s after it (a genitive)."""
        return re.compile(rf"(?<!\w){re.escape(self.written)}(?=s?(?!\w))", re.IGNORECASE)


@dataclass(frozen=True)
class Trial:
    """One way to read a sentence: some words are replaced by stand-ins."""

    reading: Reading
    stand_ins: tuple[StandIn, ...]


@dataclass(frozen=True)
class _Copy:
    """A part of a word that is copied."""

    word: int
    before: str
    literal: str
    after: str
    is_number: bool


def trials(reading: Reading, source: str, target: str, known_words: Collection[str]) -> list[Trial]:
    """Return the trials of a sentence; the caller takes the one that keeps the most stand-ins.

    If nothing is to be copied, the only trial is the reading itself.

    Args:
        reading: The sentence.
        source: Its language, a code such as en.
        target: The language of the translation.
        known_words: The words that the model has read in training, in lower case; empty if they are
            not recorded.
    """
    languages = (source, target)
    copies = [
        copy
        for number in range(len(reading.words))
        if (copy := _copy(reading, number, languages, known_words))
    ]
    if not copies:
        return [Trial(reading, ())]
    drafts = [_trial(reading, copies, source, target, number) for number in range(NUM_TRIALS)]
    if all(copy.is_number for copy in copies):  # models know single digits
        drafts.insert(
            0,
            Trial(
                reading, tuple(StandIn(copy.word, copy.literal, copy.literal) for copy in copies)
            ),
        )
    return drafts


def known_words(sentences: Iterable[str]) -> str:
    """Return the words that a model can learn from sentences, in lower case, sorted, as one text.

    A word that is capitalised within a sentence, like a name, must occur twice, any other word
    once.
    """
    names: Counter[str] = Counter()
    words: set[str] = set()
    for sentence in sentences:
        for number, word in enumerate(NAME.findall(sentence)):
            if number and word[0].isupper():
                names[word.lower()] += 1
            else:
                words.add(word.lower())
    return " ".join(sorted(words | {word for word, count in names.items() if count > 1}))


def _copy(
    reading: Reading, number: int, languages: tuple[str, str], known_words: Collection[str]
) -> _Copy | None:
    source, target = languages
    parts = CORE.match(reading.words[number])
    if parts is None:
        return None
    core, around = parts["core"], (parts["before"], parts["after"])
    whole = reading.words[number].rstrip(".,;:!?")
    if CODE.fullmatch(whole):  # brackets and quotes are part of it
        return _Copy(number, "", whole, reading.words[number].removeprefix(whole), False)
    if ordinal := ORDINAL.fullmatch(core):
        return _Copy(
            number, around[0], ORDINALS.get(target, "{}th").format(ordinal[1]), around[1], True
        )
    if NUMBER.fullmatch(core):
        return _Copy(number, around[0], core, around[1], True)
    if (
        ADDRESS.fullmatch(core)
        or CODE.fullmatch(core)
        or _is_unknown_name(reading, number, core, source, known_words)
    ):
        return _Copy(number, around[0], core, around[1], False)
    return None


def _is_unknown_name(
    reading: Reading, number: int, core: str, source: str, known_words: Collection[str]
) -> bool:
    """Tell whether a word is written like a name and unknown to the model.

    The first word of a sentence always has a capital, so it counts as a name only if it has more of
    them or if a verb or another name follows. All German nouns have one, too, so a word after an
    article is no name.
    """
    if not known_words or len(core) < 2 or not core[0].isupper() or not NAME.fullmatch(core):
        return False
    if source == "de" and BEFORE_A_NOUN.fullmatch(
        " ".join(reading.words[max(0, number - 1) : number]).lower()
    ):
        return False
    if number == 0 and not (
        BEHIND_A_NAME.fullmatch(" ".join(reading.words[1:2]).rstrip(".,;:!?"))
        or core[1:].lower() != core[1:]
    ):
        return False
    parts = [core.lower(), *re.split("[-']", core.lower())]
    return parts[0] not in known_words and not all(part in known_words for part in parts[1:])


def _trial(
    reading: Reading, copies: Sequence[_Copy], source: str, target: str, number: int
) -> Trial:
    """Replace each copy by a stand-in; stand-ins differ between trials and between copies."""
    words, stand_ins = list(reading.words), []
    counts = {True: number, False: number}
    known = source in NUMBERS and target in NUMBERS
    for copy in copies:
        turn = counts[copy.is_number]
        counts[copy.is_number] += 1
        if copy.is_number and known:
            read, written = (
                NUMBERS[language][turn % len(NUMBERS[language])] for language in (source, target)
            )
        else:
            read = written = NAMES[turn % len(NAMES)]
        read = read[0].upper() + read[1:] if copy.word == 0 else read
        words[copy.word] = f"{copy.before}{read}{copy.after}"
        stand_ins.append(StandIn(copy.word, written, copy.literal))
    return Trial(replace(reading, words=tuple(words)), tuple(stand_ins))
