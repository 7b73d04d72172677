"""Restores the capital letters that a lower-case vocabulary has lost, such as of German nouns."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


def learn_casing(texts: Iterable[str]) -> dict[str, str]:
    """Return the most common form of each word that is mostly not written in lower case.

    Keys are lower-case forms. The first word of a text does not count, since any word may be
    capitalised there.
    """
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for text in texts:
        for match in list(WORD.finditer(text))[1:]:
            counts[match[0].lower()][match[0]] += 1
    best = {word: forms.most_common(1)[0][0] for word, forms in counts.items()}
    return {word: form for word, form in sorted(best.items()) if form != word}


def with_casing(text: str, casing: Mapping[str, str]) -> str:
    """Give the words of a lower-case text the forms that `learn_casing` found."""
    return WORD.sub(lambda match: casing.get(match[0], match[0]), text) if casing else text
