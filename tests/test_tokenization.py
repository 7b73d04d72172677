"""Text becomes words and the words the text again."""

import pytest
from transformers import AutoTokenizer

from captioner.errors import EmptyDataError
from captioner.tokenization import SPECIAL_TOKENS, train_word_tokenizer

TEXTS = ["A man's well-made hat .", "The man doesn't SEE the hat!", "the café , the hat"]


def words(tokenizer, text: str) -> list[str]:
    return tokenizer.convert_ids_to_tokens(tokenizer(text, add_special_tokens=False)["input_ids"])


def test_special_tokens_come_first():
    tokenizer = train_word_tokenizer(TEXTS, 1, 100)
    assert tokenizer.convert_ids_to_tokens([0, 1, 2, 3]) == list(SPECIAL_TOKENS)
    ids = (tokenizer.pad_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.unk_token_id)
    assert ids == (0, 1, 2, 3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A man's hat.", ["a", "man", "'s", "hat"]),
        ("The man’s HAT", ["the", "man", "'s", "hat"]),
        ("well-made , (hat)", ["well-made", "hat"]),
        ("doesn't see", ["doesn", "'t", "see"]),
        ("the ＣＡＦÉ", ["the", "café"]),
        ("", []),
        (" . ! ", []),
        ("the zebra", ["the", "<unk>"]),
    ],
)
def test_words(text, expected):
    assert words(train_word_tokenizer(TEXTS, 1, 100), text) == expected


def test_text_comes_back():
    tokenizer = train_word_tokenizer(TEXTS, 1, 100)
    ids = tokenizer("The man's well-made hat doesn't see", add_special_tokens=False)["input_ids"]
    assert tokenizer.decode(ids) == "the man's well-made hat doesn't see"
    assert tokenizer.decode([1, *ids, 2, 0], skip_special_tokens=True) == tokenizer.decode(ids)


def test_rare_words_become_unknown():
    tokenizer = train_word_tokenizer(TEXTS, 3, 100)
    assert words(tokenizer, "the hat man") == ["the", "hat", "<unk>"]


def test_frequent_words_win_the_places():
    assert train_word_tokenizer(TEXTS, 1, 6).get_vocab().keys() == {*SPECIAL_TOKENS, "the", "hat"}


def test_nothing_frequent_is_an_error():
    with pytest.raises(EmptyDataError, match="9 times"):
        train_word_tokenizer(TEXTS, 9, 100)


def test_the_same_texts_give_the_same_numbers():
    assert train_word_tokenizer(TEXTS, 1, 100).get_vocab() == train_word_tokenizer(TEXTS, 1, 100).get_vocab()


def test_saved_and_loaded(tmp_path):
    tokenizer = train_word_tokenizer(TEXTS, 1, 100)
    tokenizer.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    text = "A man's well-made zebra"
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert loaded(text, add_special_tokens=False)["input_ids"] == ids
    assert loaded.decode(ids) == tokenizer.decode(ids)
    assert loaded.unk_token_id == 3
