"""Finds the tokens of the words that a user requires, forbids or begins a text with."""

from collections.abc import Callable, Sequence
from difflib import get_close_matches

from captioner.errors import ConfigError
from captioner.preprocess.inflection import IRREGULAR, plural_of

MOST_REQUIRED = 4  # each subset of the required words has beams of its own
SUGGESTIONS = 5

Encode = Callable[[list[str]], list[list[int]]]


def check_given(option: str, text: str, special: Sequence[str]) -> None:
    """Check that what a user gives is text with a word in it, and no special token.

    A word tokenizer finds words in anything, such as the word s in `</s>`.

    Args:
        option: The option that gives it.
        text: A word, or several.
        special: The special tokens of the model, as its vocabulary writes them.

    Raises:
        ConfigError: It is not.
    """
    if token := next((token for token in special if token.lower() in text.lower()), None):
        raise ConfigError(f"{option}: {text!r} holds the model's sign {token}, which is no word")
    if not any(map(str.isalnum, text)):
        raise ConfigError(f"{option}: {text!r} holds no word: leave it out")
    if any("\ud800" <= sign <= "\udfff" for sign in text):
        raise ConfigError(f"{option}: {text!r} holds bytes that are no text")


def spellings(word: str) -> tuple[str, ...]:
    """Return a word and its plural, and its singular if it is one: bus, buses; dogs, dog."""
    word = word.lower()
    if not word[-1:].isalpha():
        return (word,)
    singular = {plural: one for one, plural in IRREGULAR.items()}.get(word)
    stems = [word[: len(word) - cut] + ending for cut, ending in ((1, ""), (2, ""), (3, "y"))]
    one = (
        [singular]
        if singular
        else [
            stem
            for stem in stems
            if len(stem) > 1 and stem[-1].isalpha() and plural_of(stem) == word
        ]
    )
    return tuple(dict.fromkeys((word, plural_of(word), *one)))


def saying(word: str, encode: Encode) -> list[int]:
    """Return the tokens of a word, in the singular and the plural.

    A spelling of several tokens is left out, since banning the parts of man's would ban man.

    Args:
        word: The word, in upper or lower case.
        encode: Turns a text into token ids.
    """
    return [ids[0] for ids in encode(list(spellings(word))) if len(ids) == 1]


def required(
    words: Sequence[str], said: Sequence[list[int]], known: Sequence[str]
) -> list[list[int]]:
    """Return the tokens of each word, of which a caption must contain one.

    Args:
        words: The required words.
        said: The tokens of each word that may be written.
        known: All words that could be required.

    Raises:
        ConfigError: There are too many, or one of them has no token.
    """
    if len(words) > MOST_REQUIRED:
        raise ConfigError(
            f"required_words: {len(words)} are too many: at most {MOST_REQUIRED} can be required at"
            " once"
        )
    for word, token_ids in zip(words, said, strict=True):
        if not token_ids:
            raise not_known("required_words", word, known)
    return list(said)


def not_known(option: str, word: str, known: Sequence[str], verb: str = "write") -> ConfigError:
    """Return the error for a word that a model does not know; it suggests similar words."""
    near = [one for one in known if word.lower() in one.split()] + get_close_matches(
        word.lower(), known
    )
    similar = f"similar words are {', '.join(near[:SUGGESTIONS])}"
    instead = similar if near else "choose a common word"
    return ConfigError(f"{option}: this model cannot {verb} {word!r}; {instead}")
