"""The two forms of a name, for one thing and for several, as a search writes them behind the words of a vocabulary."""

from collections.abc import Sequence
from functools import cache

from captioner.concepts.table import names

ARTICLES = ("a", "an")


@cache
def forms() -> tuple[str, ...]:
    """Return each name and behind it its plural: two entries a name, in the order of `table.names()`."""
    return tuple(form for name in names() for form in (name.text, name.plural))


def with_articles(words: Sequence[str], which: Sequence[int | None]) -> list[str]:
    """Write before each name the article that it needs: an elephant, some hay.

    Args:
        words: A caption's words.
        which: For each the entry of `forms` that it is, None for other words.
    """
    fitted = list(words)
    for at, form in enumerate(which[1:]):
        if form is not None and fitted[at] in ARTICLES:
            fitted[at] = "some" if form % 2 else names()[form // 2].article
    return fitted
