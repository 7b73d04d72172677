"""Lists the languages that the page offers for a model's captions and translations."""

from collections.abc import Sequence

from captioner.errors import UsageError
from captioner.preprocess.language import choose_direction
from captioner.pretrained.registry import from_to

Directions = Sequence[tuple[str, str]]
Choices = list[tuple[str, str]]

FOUND = ""  # stands for a language that is detected (source) or chosen (target) automatically
NAMES = {"de": "German", "en": "English", "fr": "French"}


def language_name(code: str) -> str:
    """Return a language's English name, or its code if the name is not known."""
    return NAMES.get(code, code)


def sources(directions: Directions) -> list[str]:
    """Return the languages that a model reads."""
    return list(dict.fromkeys(source for source, _ in directions))


def source_choices(directions: Directions) -> Choices:
    """Return names and codes of the source languages; if there are several, `FOUND` comes first."""
    named = [(language_name(code), code) for code in sources(directions)]
    return [("Found by itself", FOUND), *named] if len(named) > 1 else named


def target_choices(directions: Directions, source: str) -> Choices:
    """Return names and codes of the languages into which the source language is translated."""
    targets = dict.fromkeys(target for read, target in directions if source in (FOUND, read))
    return [(language_name(code), code) for code in targets]


def direction(text: str, directions: Directions, source: str, target: str) -> tuple[str, str]:
    """Return the source language and the target language of a text.

    Args:
        text: The text; its language is detected if no source is given.
        directions: The pairs of languages between which the model translates, one or more.
        source: The source language, a code or `FOUND`.
        target: The target language; `FOUND` for the first that the model writes from the source.

    Raises:
        UsageError: The model does not translate between these languages, or the text is in the
            target language already.
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
