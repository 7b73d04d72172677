"""A card holds scores, intervals and notices, and one missing metric costs no other."""

import numpy as np
import pytest

from captioner.errors import MissingExtraError, ScoreError, UsageError
from captioner.evaluation.offline.card import FAMILIES, CardScorer, describe, parse_metrics
from captioner.evaluation.offline.references import References
from captioner.metrics import score
from captioner.metrics.from_jiwer import Wer

REFERENCES = References(
    {
        1: ("A dog runs on the grass.", "The dog is running."),
        2: ("Men on a horse",),
        3: ("A girl jumps into water .",),
    },
    {},
    aligned=True,
)
HYPOTHESES = {1: "a dog runs on grass", 2: "a man on a horse", 3: "a girl in the water"}
DEFAULT = ["Bleu", "RougeL", "Cider"]


def test_metrics_are_known_by_simple_names_and_come_in_one_order():
    assert list(FAMILIES) == [
        "bleu",
        "rouge",
        "cider",
        "sacrebleu",
        "chrf",
        "ter",
        "wer",
        "cer",
        "meteor",
        "spice",
    ]
    assert parse_metrics(" CIDEr, bleu") == ["Bleu", "Cider"]
    for wrong, message in (
        ("bleu,blue", "called blue; there are bleu, rouge"),
        (" ,", "no metric is named"),
    ):
        with pytest.raises(UsageError, match=message):
            parse_metrics(wrong)


def test_a_card_has_the_scores_of_all_that_measures_with_interval_and_signature():
    card = CardScorer(REFERENCES, DEFAULT).score(HYPOTHESES, {"a girl in the water!", "a cow"})
    report = score(HYPOTHESES, REFERENCES.texts)
    assert card.report.scores == report.scores
    assert list(card.intervals) == list(card.signatures) == list(report.scores)
    assert set(card.signatures.values()) == {report.signature}
    assert card.diversity.novelty == pytest.approx(2 / 3)
    text = "\n".join(describe(card))
    for part in (
        f"{report.scores['CIDEr']:.2f}",
        report.signature,
        "66.7% of the captions are new",
        "repeated",
    ):
        assert part in text


def test_only_what_was_asked_for_is_there():
    card = CardScorer(REFERENCES, ["RougeL"]).score(HYPOTHESES)
    assert list(card.to_dict()["scores"]) == list(card.report.per_image) == ["ROUGE-L"]
    assert card.leading == "ROUGE-L"


def test_a_missing_library_costs_a_line_and_no_other_score(monkeypatch):
    def missing(self, references):
        raise MissingExtraError("jiwer", "score")

    monkeypatch.setattr(Wer, "__init__", missing)
    card = CardScorer(REFERENCES, ["Cider", "Wer"]).score(HYPOTHESES)
    assert list(card.report.scores) == ["CIDEr"]
    assert card.notices == ("WER is left out: this needs jiwer: pip install 'captioner[score]'",)
    with pytest.raises(ScoreError, match="no score is left: WER is left out"):
        CardScorer(REFERENCES, ["Wer"]).score(HYPOTHESES)


def test_a_metric_that_fails_half_way_costs_a_line_and_no_other_score(monkeypatch):
    pytest.importorskip("jiwer")

    def failing(self, hypotheses):
        raise ScoreError("it broke")

    monkeypatch.setattr(Wer, "statistics", failing)
    scorer = CardScorer(REFERENCES, ["Cider", "Wer"])
    for card in (scorer.score(HYPOTHESES), scorer.score(HYPOTHESES)):
        assert (list(card.report.scores), card.notices) == (
            ["CIDEr"],
            ("WER is left out: it broke",),
        )


@pytest.mark.parametrize(
    ("hypotheses", "references"),
    [
        ({1: "", 2: ""}, {1: ("a dog",), 2: ("a cat",)}),
        ({1: "!"}, {1: ("?",)}),
        ({1: "a dog"}, {1: ("a dog",)}),
        ({1: "dog", 2: "cat", 3: "cow"}, {1: ("dog",), 2: ("dog",), 3: ("dog", "cow", "a")}),
        (
            dict.fromkeys(range(9), "a dog runs on grass"),
            dict.fromkeys(range(9), ("a dog runs on grass",) * 2),
        ),
    ],
    ids=[
        "empty hypotheses",
        "no word",
        "one item, one reference, identical",
        "no 4-gram",
        "identical texts",
    ],
)
def test_degenerate_input_has_finite_scores_and_intervals_around_them(hypotheses, references):
    pytest.importorskip("sacrebleu")
    pytest.importorskip("jiwer")
    card = CardScorer(
        References(references, {}, aligned=True), [*DEFAULT, "ChrF", "Ter", "Wer", "Cer"]
    ).score(hypotheses)
    assert not card.notices
    for name, value in card.report.scores.items():
        interval = card.intervals[name]
        assert np.isfinite([value, *card.report.per_image[name]]).all()
        assert interval.low - 1e-9 <= value <= interval.high + 1e-9, name
    assert describe(card)
