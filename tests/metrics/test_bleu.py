"""BLEU equals coco-caption's and nltk's, also where nothing matches."""

import numpy as np
import pytest
from nltk.translate.bleu_score import corpus_bleu

from captioner.metrics.bleu import Bleu


def test_equals_coco_caption(corpus, encode, coco_caption) -> None:
    hypotheses, references = encode(*corpus)
    statistics = Bleu(references).statistics(hypotheses)
    total, single = coco_caption("Bleu", *corpus)
    np.testing.assert_allclose(Bleu.scores(statistics.sum(axis=0)), total, atol=1e-12)
    np.testing.assert_allclose(Bleu.scores(statistics), np.transpose(single), atol=1e-12)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_equals_nltk_where_each_hypothesis_has_an_ngram(corpus, encode, order: int) -> None:
    # nltk counts at least one n-gram in each hypothesis, also in one that is too short to hold any.
    ids = [i for i, tokens in corpus[0].items() if len(tokens) >= order]
    given, wanted = {i: corpus[0][i] for i in ids}, {i: corpus[1][i] for i in ids}
    hypotheses, references = encode(given, wanted)
    ours = Bleu.scores(Bleu(references).statistics(hypotheses).sum(axis=0))[order - 1]
    nltk_score = corpus_bleu(list(wanted.values()), list(given.values()), [1 / order] * order)
    assert ours == pytest.approx(nltk_score, abs=1e-6)


def test_shards_add_up(corpus, encode) -> None:
    hypotheses, references = corpus
    whole = Bleu(encode(*corpus)[1]).statistics(encode(*corpus)[0]).sum(axis=0)
    parts = np.zeros(10)
    for ids in (range(40), range(40, 97)):
        h, r = encode({i: hypotheses[i] for i in ids}, {i: references[i] for i in ids})
        parts += Bleu(r).statistics(h).sum(axis=0)
    np.testing.assert_array_equal(parts, whole)


def test_the_closest_reference_length_counts_and_of_two_the_shorter(encode) -> None:
    hypotheses, references = encode(
        {0: list("abcd")}, {0: [list("abcdefgh"), list("abc"), list("abcde")]}
    )
    assert Bleu(references).statistics(hypotheses)[0, -2:].tolist() == [4, 3]


def test_a_word_counts_as_often_as_one_reference_holds_it(encode) -> None:
    hypotheses, references = encode({0: ["a"] * 5}, {0: [["a", "b", "a"], ["a", "c"]]})
    assert Bleu(references).statistics(hypotheses)[0, :5].tolist() == [2, 0, 0, 0, 5]


def test_identical_texts_score_one(encode) -> None:
    hypotheses, references = encode({0: list("abcde")}, {0: [list("abcde")]})
    np.testing.assert_allclose(
        Bleu.scores(Bleu(references).statistics(hypotheses)), np.ones((1, 4)), atol=1e-8
    )


@pytest.mark.parametrize("hypothesis", [[], ["x"], ["a", "b", "c"]])
def test_without_a_4gram_bleu_4_is_about_zero(encode, hypothesis) -> None:
    hypotheses, references = encode({0: hypothesis}, {0: [list("abcd")]})
    scores = Bleu.scores(Bleu(references).statistics(hypotheses))
    assert np.isfinite(scores).all()
    assert 0 <= scores[0, 3] < 1e-1
    assert len(hypothesis) == 3 or scores[0, 3] < 1e-6
