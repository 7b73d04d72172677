"""Texts are cut in other ways in each epoch, and still say the same."""

import numpy as np
import pytest

from captioner.errors import ConfigError
from captioner.tokenization import train_bpe_tokenizer, train_word_tokenizer
from captioner.training.pieces import VariedPieces, cut

SENTENCES = [
    "Two dogs run over the grass.",
    "Zwei Hunde laufen über das Gras.",
    "",
    "  the  the 42 ... naïve\t",
    "日本",
]
TEXTS = SENTENCES * 3


@pytest.fixture(scope="module")
def tokenizer():
    return train_bpe_tokenizer(TEXTS, 330)


def test_without_dropout_they_are_the_tokenizers(tokenizer):
    varied = VariedPieces(TEXTS, tokenizer, 0.0, seed=0)
    expected = tokenizer(TEXTS, add_special_tokens=False)["input_ids"]
    assert [varied.ids(number, 5) for number in range(len(TEXTS))] == expected


def test_every_cut_says_the_same(tokenizer):
    varied = VariedPieces(TEXTS, tokenizer, 0.4, seed=0)
    for number, text in enumerate(TEXTS):
        cuts = [varied.ids(number, epoch) for epoch in range(20)]
        assert {tokenizer.decode(ids) for ids in cuts} == {text}
        if len(text) > 5:
            assert len({tuple(ids) for ids in cuts}) > 5


def test_chance_comes_from_seed_epoch_and_number(tokenizer):
    first, second = (VariedPieces(TEXTS, tokenizer, 0.4, seed=3) for _ in range(2))
    assert all(first.ids(n, epoch) == second.ids(n, epoch) for n in range(len(TEXTS)) for epoch in range(5))
    other = VariedPieces(TEXTS, tokenizer, 0.4, seed=4)
    assert [first.ids(0, epoch) for epoch in range(5)] != [other.ids(0, epoch) for epoch in range(5)]
    assert first.ids(0, 1) != first.ids(5, 1)  # the same text again


def test_merges_are_left_out_as_often_as_asked():
    chance = np.random.default_rng(0)
    whole = sum(len(cut("ab", {("a", "b"): 0}, 0.25, chance)) == 1 for _ in range(4000)) / 4000
    assert whole == pytest.approx(0.75, abs=0.03)


def test_earlier_merges_go_first():
    ranks = {("b", "c"): 0, ("a", "b"): 1, ("a", "bc"): 2}
    assert cut("abc", ranks, 0.0, np.random.default_rng(0)) == ["abc"]
    assert cut("abcab", ranks, 0.0, np.random.default_rng(0)) == ["abc", "ab"]


def test_whole_words_have_no_merges():
    words = train_word_tokenizer(["a dog runs"], min_count=1, max_vocab_size=10)
    with pytest.raises(ConfigError, match=r"piece_dropout.*whole words"):
        VariedPieces(["a dog"], words, 0.1, seed=0)
