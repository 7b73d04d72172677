"""N-gram counts equal counting by hand."""

from collections import Counter

import numpy as np

from captioner.metrics.ngrams import Sentences, find

TOKENS = [["a", "dog", "a", "dog"], [], ["dog"], ["a", "a", "a", "a", "a"], ["é", "a", "dog"]]


def counted(tokens: list[str]) -> Counter[tuple[int, int]]:
    grams = [tuple(tokens[i : i + n]) for n in (1, 2, 3, 4) for i in range(len(tokens) - n + 1)]
    return Counter((len(gram), count) for gram, count in Counter(grams).items())


def test_counts_equal_a_plain_count() -> None:
    ngrams = Sentences.from_tokens(TOKENS, range(5), 5).ngrams
    for sentence, tokens in enumerate(TOKENS):
        here = ngrams.group == sentence
        assert Counter(
            zip(ngrams.order[here].tolist(), ngrams.count[here].tolist(), strict=True)
        ) == counted(tokens)


def test_an_ngram_never_spans_two_sentences() -> None:
    together = Sentences.from_tokens([["a", "b"], ["c", "d"]], [0, 0], 1).ngrams
    alone = Sentences.from_tokens([["a", "b", "c", "d"]], [0], 1).ngrams
    assert (together.order == 2).sum() == 2
    assert set(together.code.tolist()) < set(alone.code.tolist())


def test_codes_depend_on_the_words_alone() -> None:
    first = Sentences.from_tokens([["x", "a", "dog"]], [0], 1).ngrams
    second = Sentences.from_tokens([["a", "dog"]], [0], 1).ngrams
    assert set(second.code.tolist()) < set(first.code.tolist())


def test_word_order_matters() -> None:
    ngrams = Sentences.from_tokens([["a", "b"], ["b", "a"]], [0, 1], 2).ngrams
    assert len(set(ngrams.code[ngrams.order == 2].tolist())) == 2


def test_find_gives_values_and_what_stands_for_missing() -> None:
    ngrams = Sentences.from_tokens(TOKENS, range(5), 5).ngrams
    np.testing.assert_array_equal(
        find(ngrams.key, ngrams.count, ngrams.key, missing=0), ngrams.count
    )
    other = Sentences.from_tokens([["cat"]], [0], 1).ngrams
    assert find(ngrams.key, ngrams.count, other.key, missing=7).tolist() == [7]
    nothing = Sentences.from_tokens([[]], [0], 1).ngrams
    assert find(nothing.key, nothing.count, ngrams.key, missing=0).sum() == 0
