"""Lists the languages that the page offers for a model's captions and translations."""

from collections.abc import Sequence

from captioner.errors import UsageError
from captioner.preprocess.language import choose_direction
from captioner.pretrained.registry import from_to

Directions = Sequence[tuple[str, str]]
Choices = list[tuple[str, str]]

FOUND = ""  # in the place of a language: it is found, or chosen, by itself
NAMES = {"de": "German", "en": "English", "fr": "French"}


def language_name(code: str) -> str:
    """Return what people call a language, or its code."""
    return NAMES.get(code, code)


def sources(directions: Directions) -> list[str]:
    """Return the languages that a model reads."""
    return list(dict.fromkeys(source for source, _ in directions))


def source_choices(directions: Directions) -> Choices:
    """Return the languages to read, names and codes; of several, none need be chosen."""
    named = [(language_name(code), code) for code in sources(directions)]
    return [("Found by itself", FOUND), *named] if len(named) > 1 else named


def target_choices(directions: Directions, source: str) -> Choices:
    """Return the languages into which the source language is translated, names and codes."""
    targets = dict.fromkeys(target for read, target in directions if source in (FOUND, read))
    return [(language_name(code), code) for code in targets]


def direction(text: str, directions: Directions, source: str, target: str) -> tuple[str, str]:
    """Return the languages between which a text is translated.

    Args:
        text: The text; its language is found where no source is given.
        directions: Between which languages the model translates, one pair or more.
        source: What to read, a code or `FOUND`.
        target: What to write; `FOUND` for the first that the model writes from the source.

    Raises:
        UsageError: The model does not translate between these languages.
    """
    found = choose_direction(text, directions, source or None, target or None)
    if found is not None and found[0] != found[1]:
        return found
    if found is not None:
        raise UsageError(
            f"this reads like {language_name(found[0])} already: choose another language to"
            " translate to, or say which one it is written in"
        )
    known = ", ".join(
        f"{language_name(begin)} to {language_name(end)}" for begin, end in directions
    )
    wanted = from_to(language_name(source), language_name(target))
    raise UsageError(f"this model does not translate {wanted}; it translates {known}")
