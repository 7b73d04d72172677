"""chrF and TER are sacrebleu's, and add up."""

import numpy as np
import pytest

from captioner.metrics.from_sacrebleu import ChrF, Ter

sacrebleu = pytest.importorskip("sacrebleu")
REFERENCES = [
    ["A dog runs on the grass.", "The dog is running."],
    ["Men on a horse"],
    ["Ein Mädchen springt", "X", "y z"],
]
HYPOTHESES = ["A dog on the grass runs", "", "ein Mädchen springt"]


@pytest.mark.parametrize(("metric", "theirs"), [(ChrF, "CHRF"), (Ter, "TER")])
def test_equals_sacrebleu_for_the_corpus_and_each_item(metric, theirs):
    ours, scorer = metric(REFERENCES), getattr(sacrebleu.metrics, theirs)()
    counted = ours.statistics(HYPOTHESES)
    streams = [[texts[i] if i < len(texts) else None for texts in REFERENCES] for i in range(3)]
    assert 100 * metric.scores(counted.sum(axis=0)) == pytest.approx([scorer.corpus_score(HYPOTHESES, streams).score])
    assert ours.signature == str(scorer.get_signature())
    assert "nrefs:var" in ours.signature
    single = [scorer.sentence_score(*pair).score for pair in zip(HYPOTHESES, REFERENCES, strict=True)]
    np.testing.assert_allclose(100 * metric.scores(counted)[:, 0], single)
