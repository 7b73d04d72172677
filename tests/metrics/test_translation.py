"""A translation scorer reports sacrebleu's scores, and names what does not fit."""

import pytest

from captioner.errors import ScoreError
from captioner.metrics.translation import TranslationScorer

sacrebleu = pytest.importorskip("sacrebleu")
REFERENCES = {
    7: ["Zwei Hunde spielen im Schnee."],
    3: ["Ein Mann liest eine Zeitung, im Park."],
    5: ["Eine Frau singt."],
}
HYPOTHESES = {3: "ein Mann liest im Park eine Zeitung", 5: "", 7: "Zwei hunde spielen im Schnee ."}


def test_scores_are_sacrebleus_whatever_the_order():
    report = TranslationScorer(REFERENCES).score(HYPOTHESES)
    texts, wanted = (
        [HYPOTHESES[i] for i in REFERENCES],
        [[texts[0] for texts in REFERENCES.values()]],
    )
    expected = {
        "BLEU": sacrebleu.corpus_bleu(texts, wanted).score,
        "BLEU-lc": sacrebleu.corpus_bleu(texts, wanted, lowercase=True).score,
        "chrF": sacrebleu.corpus_chrf(texts, wanted).score,
        "TER": sacrebleu.corpus_ter(texts, wanted).score,
    }
    assert list(report.scores) == list(expected)
    assert report.scores == pytest.approx(expected)
    assert report.ids == (7, 3, 5)
    assert report.num_items == 3
    assert all(len(values) == 3 for values in report.per_image.values())


def test_the_signature_tells_each_score_its_own():
    signature = TranslationScorer(REFERENCES).signature
    parts = [part.split(": ", 1) for part in signature.split("; ")]
    assert [name for name, _ in parts] == ["BLEU and BLEU-lc", "chrF", "TER"]
    assert all(
        f"version:{sacrebleu.__version__}" in told and "nrefs:1" in told for _, told in parts
    )


def test_a_scorer_gives_the_same_each_time():
    scorer = TranslationScorer(REFERENCES)
    first = scorer.score(HYPOTHESES).scores
    scorer.score(dict.fromkeys(REFERENCES, "x"))
    assert scorer.score(HYPOTHESES).scores == first


@pytest.mark.parametrize("references", [{}, {1: []}, {1: ["a"], 2: []}])
def test_sentences_without_references_are_named(references):
    with pytest.raises(ScoreError, match="at least one reference"):
        TranslationScorer(references)


@pytest.mark.parametrize("hypotheses", [{}, {7: "a", 3: "b"}, {7: "a", 3: "b", 5: "c", 6: "d"}])
def test_hypotheses_that_do_not_fit_are_named(hypotheses):
    with pytest.raises(ScoreError, match=f"{len(hypotheses)} translations for 3 sentences"):
        TranslationScorer(REFERENCES).score(hypotheses)
