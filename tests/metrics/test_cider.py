"""CIDEr equals coco-caption's and the paper's equations, and shards add up."""

from collections import Counter

import numpy as np
import pytest

from captioner.errors import ScoreError
from captioner.metrics.cider import Cider, DocumentFrequencies


def per_image(hypotheses, references, **options) -> np.ndarray:
    return Cider.scores(Cider(references, **options).statistics(hypotheses))[:, 0]


def grams(tokens, order: int) -> Counter:
    return Counter(tuple(tokens[i : i + order]) for i in range(len(tokens) - order + 1))


def plain_cider(hypotheses, references, image: int) -> float:
    """Equations 1 to 3 of the paper, word for word, times 10."""
    total = 0.0
    for order in (1, 2, 3, 4):
        holds = Counter(
            g for texts in references.values() for g in {g for t in texts for g in grams(t, order)}
        )

        def weigh(tokens, order=order, holds=holds):
            count = grams(tokens, order)
            return {g: n * np.log(len(references) / max(1, holds[g])) for g, n in count.items()}

        given = weigh(hypotheses[image])
        for text in references[image]:
            wanted = weigh(text)
            norms = np.sqrt(sum(v**2 for v in given.values()) * sum(v**2 for v in wanted.values()))
            dot = sum(v * wanted.get(g, 0) for g, v in given.items())
            total += dot / norms / len(references[image]) if norms else 0
    return 10 * total / 4


def test_equals_coco_caption(corpus, encode, coco_caption) -> None:
    hypotheses, references = encode(*corpus)
    statistics = Cider(references).statistics(hypotheses)
    total, single = coco_caption("Cider", *corpus)
    assert Cider.scores(statistics.sum(axis=0))[0] == pytest.approx(total, abs=1e-12)
    np.testing.assert_allclose(Cider.scores(statistics)[:, 0], single, atol=1e-12)


def test_plain_cider_equals_its_equations(corpus, encode) -> None:
    ours = per_image(*encode(*corpus), penalized=False)
    np.testing.assert_allclose(ours, [plain_cider(*corpus, image=i) for i in corpus[0]], atol=1e-12)


def test_frequencies_from_outside_make_shards_add_up(corpus, encode) -> None:
    hypotheses, references = corpus
    everything = DocumentFrequencies.from_references(encode(*corpus)[1])
    whole = per_image(*encode(*corpus))
    ids = range(30, 47)
    shard = encode({i: hypotheses[i] for i in ids}, {i: references[i] for i in ids})
    np.testing.assert_allclose(per_image(*shard, frequencies=everything), whole[30:47], atol=1e-12)
    assert abs(per_image(*shard) - whole[30:47]).max() > 1e-3


def test_frequencies_of_shards_add_up(corpus, encode) -> None:
    references = corpus[1]
    whole = DocumentFrequencies.from_references(encode(*corpus)[1])
    parts = [
        DocumentFrequencies.from_references(encode({}, {i: references[i] for i in ids})[1])
        for ids in (range(40), range(40, 97))
    ]
    both = DocumentFrequencies.of_all(parts)
    np.testing.assert_array_equal(both.code, whole.code)
    np.testing.assert_array_equal(both.count, whole.count)
    assert both.num_images == whole.num_images == 97


def test_one_image_scores_zero_since_every_ngram_stands_in_every_image(encode) -> None:
    assert per_image(*encode({0: list("abcde")}, {0: [list("abcde")]})).tolist() == [0]


def test_identical_texts_score_ten_where_no_other_image_shares_a_word(encode) -> None:
    hypotheses, references = encode(
        {0: list("abcde"), 1: list("vwxyz")}, {0: [list("abcde")], 1: [list("vwxyz")]}
    )
    np.testing.assert_allclose(per_image(hypotheses, references), [10, 10])


def test_an_empty_hypothesis_scores_zero(encode) -> None:
    hypotheses, references = encode({0: [], 1: list("ab")}, {0: [list("abcde")], 1: [[]]})
    assert per_image(hypotheses, references).tolist() == [0, 0]


def test_repeating_a_rare_word_pays_only_without_the_penalty(encode) -> None:
    hypotheses, references = encode({0: ["b", "b", "b"], 1: ["c"]}, {0: [["a", "b"]], 1: [["c"]]})
    penalized, plain = (
        per_image(hypotheses, references)[0],
        per_image(hypotheses, references, penalized=False)[0],
    )
    assert penalized < plain


def test_frequencies_of_no_image_are_refused(encode) -> None:
    _, references = encode({0: ["a"]}, {0: [["a"]]})
    with pytest.raises(ScoreError, match="no image"):
        Cider(references, DocumentFrequencies.from_references(encode({}, {})[1]))
