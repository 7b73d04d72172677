"""BLEU, chrF and TER are sacrebleu's, and add up."""

import numpy as np
import pytest

from captioner.metrics.from_sacrebleu import ChrF, SacreBleu, Ter

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
    assert 100 * metric.scores(counted.sum(axis=0)) == pytest.approx(
        [scorer.corpus_score(HYPOTHESES, streams).score]
    )
    assert ours.signature == str(scorer.get_signature())
    assert "nrefs:var" in ours.signature
    single = [
        scorer.sentence_score(*pair).score for pair in zip(HYPOTHESES, REFERENCES, strict=True)
    ]
    np.testing.assert_allclose(100 * metric.scores(counted)[:, 0], single)


@pytest.mark.parametrize("references", [REFERENCES, [texts[:1] for texts in REFERENCES]])
def test_bleu_equals_sacrebleu_as_written_and_in_lower_case(references):
    ours = SacreBleu(references)
    counted = ours.statistics(HYPOTHESES)
    streams = [
        [texts[i] if i < len(texts) else None for texts in references]
        for i in range(max(map(len, references)))
    ]
    theirs = [
        sacrebleu.corpus_bleu(HYPOTHESES, streams, lowercase=lowercase).score
        for lowercase in (False, True)
    ]
    assert theirs[0] < theirs[1]
    assert 100 * ours.scores(counted.sum(axis=0)) == pytest.approx(theirs)
    scorers = [sacrebleu.metrics.BLEU(lowercase=lowercase) for lowercase in (False, True)]
    for scorer in scorers:
        scorer.corpus_score(HYPOTHESES, streams)
    assert ours.signature == " and ".join(str(scorer.get_signature()) for scorer in scorers)
    assert (
        "case:mixed" in ours.signature
        and "case:lc" in ours.signature
        and "tok:13a" in ours.signature
    )


def test_sums_of_counts_are_the_score_of_a_part_of_the_corpus():
    counted = SacreBleu(REFERENCES).statistics(HYPOTHESES)
    part = [HYPOTHESES[0], HYPOTHESES[2]]
    expected = sacrebleu.corpus_bleu(
        part, [[REFERENCES[0][0], REFERENCES[2][0]], [REFERENCES[0][1], REFERENCES[2][1]]]
    )
    two = SacreBleu([texts[:2] for texts in REFERENCES]).statistics(HYPOTHESES)
    assert 100 * SacreBleu.scores(two[[0, 2]].sum(axis=0))[0] == pytest.approx(expected.score)
    assert SacreBleu.scores(counted).shape == (3, 2)
    assert np.isfinite(SacreBleu.scores(counted)).all()


def test_a_translation_that_is_its_reference_scores_all():
    texts = ["Zwei Hunde spielen im Schnee , ja .", "Ein Mann liest eine Zeitung ."]
    counted = SacreBleu([[text] for text in texts]).statistics(texts)
    np.testing.assert_allclose(SacreBleu.scores(counted.sum(axis=0)), 1)
