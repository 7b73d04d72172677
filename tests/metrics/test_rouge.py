"""ROUGE-L equals coco-caption's."""

import random

import numpy as np
import pytest

from captioner.metrics.rouge import RougeL


def longest_common(first, second) -> int:
    row = [0] * (len(second) + 1)
    for a in first:
        last = row[:]
        for j, b in enumerate(second):
            row[j + 1] = last[j] + 1 if a == b else max(last[j + 1], row[j])
    return row[-1]


def test_equals_coco_caption(corpus, encode, coco_caption) -> None:
    hypotheses, references = encode(*corpus)
    statistics = RougeL(references).statistics(hypotheses)
    total, single = coco_caption("Rouge", *corpus)
    assert RougeL.scores(statistics.sum(axis=0))[0] == pytest.approx(total, abs=1e-12)
    np.testing.assert_allclose(RougeL.scores(statistics)[:, 0], single, atol=1e-12)


def test_long_texts_equal_the_plain_table(encode) -> None:
    draw = random.Random(1)
    first, second = draw.choices("abcde", k=201), draw.choices("abcde", k=133)
    hypotheses, references = encode({0: first}, {0: [second]})
    common = longest_common(first, second)
    precision, recall = common / len(first), common / len(second)
    score = RougeL.scores(RougeL(references).statistics(hypotheses))[0, 0]
    assert score == pytest.approx(2.44 * precision * recall / (recall + 1.44 * precision))


def test_precision_and_recall_may_come_from_two_references(encode) -> None:
    hypotheses, references = encode({0: list("ab")}, {0: [list("abcdef"), list("a")]})
    assert RougeL.scores(RougeL(references).statistics(hypotheses))[0, 0] == pytest.approx(1)


@pytest.mark.parametrize(
    ("hypothesis", "reference", "score"),
    [("abc", "abc", 1), ("", "abc", 0), ("abc", "", 0), ("abc", "xyz", 0), ("", "", 1)],
)
def test_degenerate_texts(encode, hypothesis: str, reference: str, score: float) -> None:
    hypotheses, references = encode({0: list(hypothesis)}, {0: [list(reference)]})
    assert RougeL.scores(RougeL(references).statistics(hypotheses))[0, 0] == pytest.approx(score)
