"""Words that users require or forbid, from a word to the tokens that say it."""

import re

import pytest

from captioner.errors import ConfigError
from captioner.search.lexical_constraints import check_given, required, saying, spellings

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
    assert required(("dog",), [[4]], []) == [[4]]
    with pytest.raises(ConfigError, match=r"this model cannot write 'doog'; similar words are dog"):
        required(("dog", "doog"), [[4], []], ["dog", "cat"])
    with pytest.raises(ConfigError, match="similar words are brown bear"):
        required(("bear",), [[]], ["brown bear"])
    with pytest.raises(ConfigError, match="at most 4"):
        required(("dog",) * 5, [[4]] * 5, [])


@pytest.mark.parametrize("text", ["dog", "Dog!", "don't", "12", "犬", "<dog>", "a dog, and"])
def test_text_with_a_word_may_be_given(text):
    check_given("begin", text, ["<s>", "[PAD]"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<s>", "sign <s>"),
        ("a <S> dog", "sign <s>"),
        ("[pad]", "sign [PAD]"),
        ("", "no word"),
        (" \t", "no word"),
        ("...", "no word"),
        ("dog\ud83d", "no text"),
    ],
)
def test_text_without_a_word_or_with_a_special_token_is_named(text, message):
    with pytest.raises(ConfigError, match=re.escape(message)) as caught:
        check_given("hint", text, ["<s>", "[PAD]"])
    assert str(caught.value).startswith(f"hint: {text!r} holds ")
