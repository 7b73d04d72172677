"""WER and CER are jiwer's."""

import pytest

from captioner.metrics.from_jiwer import Cer, Wer

jiwer = pytest.importorskip("jiwer")
REFERENCES = ["seven", "three one", "Zero nine two", "five"]
HYPOTHESES = ["seven", "three", "zero nine to to", ""]


@pytest.mark.parametrize(("metric", "theirs"), [(Wer, jiwer.wer), (Cer, jiwer.cer)])
def test_equals_jiwer_for_the_corpus_and_each_item(metric, theirs):
    counted = metric([[text] for text in REFERENCES]).statistics(HYPOTHESES)
    assert metric.scores(counted.sum(axis=0)) == pytest.approx([theirs(REFERENCES, HYPOTHESES)])
    single = [theirs(*pair) for pair in zip(REFERENCES, HYPOTHESES, strict=True)]
    assert metric.scores(counted)[:, 0] == pytest.approx(single)


def test_of_several_references_the_closest_counts():
    metric = Wer([["a b c d e", "a b"], ["a"]])
    assert metric.statistics(["a c", "a"]).tolist() == [
        [1, 2],
        [0, 1],
    ]  # one word of two rather than three of five
    assert metric.signature.startswith("nrefs:1-2|case:mixed|tok:words|version:jiwer-")
