"""Words that users require or forbid, from a word to the tokens that say it."""

import pytest

from captioner.errors import ConfigError
from captioner.search.lexical_constraints import required, saying, spellings

VOCABULARY = {"<unk>": 3, "dog": 4, "dogs": 5, "man": 6, "bus": 7, "bear": 8}


def encode(texts: list[str]) -> list[list[int]]:
    return [[VOCABULARY.get(part, 3) for part in text.split("'")] for text in texts]


@pytest.mark.parametrize(
    ("word", "other"),
    [("dog", "dogs"), ("Buses", "bus"), ("berries", "berry"), ("people", "person"), ("man", "men")],
)
def test_a_word_stands_for_its_other_number_too(word, other):
    assert {word.lower(), other} <= set(spellings(word))


def test_tokens_that_say_a_word():
    def said(word: str) -> set[int]:
        return set(saying(word, encode)) - {3}

    assert said("dogs") == {4, 5}
    assert said("bear") == {8}
    assert said("man's") == set()


def test_a_word_that_nothing_says_is_told_with_near_ones():
    def said_by(word: str) -> list[int]:
        return [4] if word == "dog" else []

    assert required(("dog",), said_by, []) == [[4]]
    with pytest.raises(ConfigError, match=r"this model cannot write 'doog'; similar words are dog"):
        required(("dog", "doog"), said_by, ["dog", "cat"])
    with pytest.raises(ConfigError, match="similar words are brown bear"):
        required(("bear",), said_by, ["brown bear"])
    with pytest.raises(ConfigError, match="at most 4"):
        required(("dog",) * 5, said_by, [])
