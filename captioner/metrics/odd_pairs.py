"""Finds odd pairs in captions: a common noun with a verb that it never has in many texts.

In "a microwave is jumping in the air", a microwave jumps. Many texts name microwaves, in many
something jumps, but in none a microwave jumps: that is an odd pair. The measure needs no photo and
no reference, only texts by people, and it is made for English captions.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from captioner.metrics.tokens import tokenize
from captioner.preprocess.inflection import IRREGULAR

# A noun is judged if the texts have it so many times; a rarer one may do anything.
COMMON_NOUN = 20
# A word such as jumping is judged if they have it so often; a rarer one was met with few nouns.
COMMON_VERB = 300
LEAST = 3  # a word that was met fewer times is taken neither for a noun nor for a verb
# Of the times behind an article after which a noun's phrase ends there: "a dog runs", not "a brown
# dog".
NOUN_FRACTION = 0.5
# Of the times that a word in -ing is met, those behind is or are: jumping, not building.
VERB_FRACTION = 0.1

IS = frozenset({"is", "are"})
ARTICLES = frozenset(
    """
        a an the his her its their this that these those each another both no some several many
        one two three four
    """.split()
)
# Words that name nothing. Behind a noun one of them, or an end, closes its phrase.
FUNCTION_WORDS = ARTICLES.union(
    IS,
    """
        was were be been being has have had do does did can will not to of in on at with by for
        from into onto up down out over under near next through across behind around along
        during without inside outside above below off away back together front top and or while
        as than then also just very all few other others who whom which what when where there it
        he she they them him me you someone something sort kind bunch group couple pair lot
        number
    """.split(),
)
_SINGULARS = {plural: singular for singular, plural in IRREGULAR.items()}
_ENDINGS = {"ies": "y", "ches": "ch", "shes": "sh", "sses": "ss", "xes": "x", "ss": "ss", "s": ""}


class UsualPairs:
    """What does what in some texts, and whether a caption has something else.

    A noun and a verb are told by the texts themselves: after an article, a noun mostly closes its
    phrase; a verb in -ing often stands behind is or are. A caption has an odd pair where

    - a verb stands right behind a noun, or behind it and is or are,
    - both are common in the texts, and
    - in no text it stands so behind that noun, or behind any noun that the caption has before it:
      in "a plane on the runway waiting", it is not the runway that waits.

    Singular and plural of a noun count as one.

    Args:
        texts: Many captions by people.
    """

    def __init__(self, texts: Iterable[str]) -> None:
        self._words: Counter[str] = Counter()
        self._nouns: Counter[str] = Counter()
        self._behind_article: Counter[str] = Counter()
        self._closing: Counter[str] = Counter()
        self._behind_is: Counter[str] = Counter()
        self._pairs: set[tuple[str, str]] = set()
        for text in texts:
            self._count(tokenize(text))
        for word, times in self._words.items():
            self._nouns[_singular(word)] += times
        self._verbs = {
            word
            for word, times in self._words.items()
            if times >= COMMON_VERB and self._is_verb(word)
        }

    @property
    def can_tell(self) -> bool:
        """Whether the texts are enough, and English: at least one verb is common in them."""
        return bool(self._verbs)

    def odd(self, caption: str) -> list[tuple[str, str]]:
        """Return the odd pairs of a caption, noun and verb."""
        return [
            (nouns[-1], verb)
            for nouns, verb in self._nouns_and_verbs(tokenize(caption))
            if self._nouns[_singular(nouns[-1])] >= COMMON_NOUN
            and not any((_singular(noun), verb) in self._pairs for noun in nouns)
        ]

    def fraction(self, captions: Sequence[str]) -> float:
        """Return the fraction of captions that have an odd pair."""
        return sum(bool(self.odd(caption)) for caption in captions) / max(1, len(captions))

    def _count(self, words: Sequence[str]) -> None:
        self._words.update(words)
        for before, word, behind in zip(["", *words], words, [*words[1:], ""], strict=False):
            if before in ARTICLES:
                name = _singular(word)
                self._behind_article[name] += 1
                self._closing[name] += not behind or behind in FUNCTION_WORDS or _in_ing(behind)
            if before in IS:
                self._behind_is[word] += 1
        self._pairs.update((_singular(words[subject]), words[at]) for subject, at in _behind(words))

    def _nouns_and_verbs(self, words: Sequence[str]) -> Iterator[tuple[list[str], str]]:
        """Yield each common verb right behind a noun, with all nouns before it, nearest last."""
        for subject, at in _behind(words):
            if words[at] in self._verbs and self._is_noun(words[subject]):
                yield [word for word in words[: subject + 1] if self._is_noun(word)], words[at]

    def _is_noun(self, word: str) -> bool:
        name = _singular(word)
        times = self._behind_article[name]
        known = word not in FUNCTION_WORDS and not _in_ing(word) and times >= LEAST
        return known and self._closing[name] >= NOUN_FRACTION * times

    def _is_verb(self, word: str) -> bool:
        return _in_ing(word) and self._behind_is[word] >= max(
            LEAST, VERB_FRACTION * self._words[word]
        )


def _behind(words: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Yield the places of each word in -ing and of the word before it, over is and are."""
    for at, word in enumerate(words):
        subject = at - 2 if at > 1 and words[at - 1] in IS else at - 1
        if subject >= 0 and _in_ing(word):
            yield subject, at


def _in_ing(word: str) -> bool:
    return word.endswith("ing") and len(word) > len("sing")


def _singular(word: str) -> str:
    if word in _SINGULARS:
        return _SINGULARS[word]
    ending = next(
        (ending for ending in _ENDINGS if word.endswith(ending) and len(word) > len(ending) + 2), ""
    )
    return word.removesuffix(ending) + _ENDINGS.get(ending, "")
