"""A report holds all scores, and hypotheses that do not fit the references are named."""

import json
import subprocess
import sys

import numpy as np
import pytest

from captioner import __version__
from captioner.errors import ScoreError
from captioner.metrics import Report, Scorer, score
from captioner.metrics.bleu import Bleu

REFERENCES = {
    "a.jpg": ["A dog runs on the grass.", "The dog is running."],
    "b.jpg": ["Two men ride a 1 1/2 ton horse.", "Men on a horse", "They ride!"],
    "c.jpg": ["A girl in a red dress jumps into the blue water."],
}
HYPOTHESES = {
    "c.jpg": "a girl in a red dress jumps into the water",
    "a.jpg": "A dog runs on grass",
    "b.jpg": "a man on a 1 1/2 ton horse",
}
NAMES = ["BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "ROUGE-L", "CIDEr"]


def test_a_report_holds_the_scores_their_signature_and_each_image() -> None:
    report = score(HYPOTHESES, REFERENCES)
    assert list(report.scores) == list(report.per_image) == NAMES
    assert report.signature == f"nrefs:1-3|case:lc|tok:ptb|smooth:none|version:{__version__}"
    assert report.num_items == 3
    assert report.ids == ("a.jpg", "b.jpg", "c.jpg")
    for name in ("ROUGE-L", "CIDEr"):
        assert report.scores[name] == pytest.approx(report.per_image[name].mean())
    assert 0 < report.scores["BLEU-4"] < report.scores["BLEU-1"] < 100


def test_equal_numbers_of_references_are_one_number_in_the_signature() -> None:
    assert score({1: "a"}, {1: ["a", "b"]}).signature.startswith("nrefs:2|")


def test_equals_coco_caption_to_the_last_token(coco_caption) -> None:
    from captioner.metrics.tokens import tokenize

    hypotheses = {i: tokenize(HYPOTHESES[i]) for i in REFERENCES}
    references = {i: [tokenize(text) for text in texts] for i, texts in REFERENCES.items()}
    assert "1\xa01/2" in hypotheses["b.jpg"]
    report = score(HYPOTHESES, REFERENCES)
    for scorer, names in (("Bleu", NAMES[:4]), ("Rouge", NAMES[4:5]), ("Cider", NAMES[5:])):
        total, single = coco_caption(scorer, hypotheses, references)
        np.testing.assert_allclose(
            [report.scores[name] for name in names], 100 * np.atleast_1d(total)
        )
        ours = np.stack([report.per_image[name] for name in names])
        np.testing.assert_allclose(ours, 100 * np.atleast_2d(single), atol=1e-10)


def test_the_order_of_hypotheses_and_of_images_changes_nothing() -> None:
    turned = score(HYPOTHESES, dict(reversed(REFERENCES.items())))
    assert turned.scores == pytest.approx(score(HYPOTHESES, REFERENCES).scores)
    assert turned.per_image["CIDEr"][::-1] == pytest.approx(
        score(HYPOTHESES, REFERENCES).per_image["CIDEr"]
    )


def test_a_scorer_gives_the_same_each_time() -> None:
    scorer = Scorer(REFERENCES)
    first = scorer.score(HYPOTHESES)
    scorer.score(dict.fromkeys(REFERENCES, "something else"))
    assert scorer.score(HYPOTHESES).scores == first.scores == score(HYPOTHESES, REFERENCES).scores


def test_images_counted_part_by_part_score_as_together(monkeypatch: pytest.MonkeyPatch) -> None:
    together = score(HYPOTHESES, REFERENCES)
    monkeypatch.setattr("captioner.metrics.report.IMAGES_AT_ONCE", 2)
    in_parts = score(HYPOTHESES, REFERENCES)
    assert (in_parts.scores, in_parts.ids) == (together.scores, together.ids)
    for name in NAMES:
        np.testing.assert_array_equal(in_parts.per_image[name], together.per_image[name])


def test_sums_of_statistics_give_the_score_of_a_subset() -> None:
    statistics = score(HYPOTHESES, REFERENCES).statistics["Bleu"]
    two = {i: REFERENCES[i] for i in ("a.jpg", "b.jpg")}
    expected = score({i: HYPOTHESES[i] for i in two}, two).scores["BLEU-2"]
    assert 100 * Bleu.scores(statistics[:2].sum(axis=0))[1] == pytest.approx(expected)


def test_a_report_is_ready_for_json() -> None:
    report = score(HYPOTHESES, REFERENCES)
    assert json.loads(json.dumps(report.to_dict())) == report.to_dict()
    assert report.to_dict() == {
        "scores": report.scores,
        "signature": report.signature,
        "num_items": 3,
    }


@pytest.mark.parametrize(
    ("hypothesis", "reference", "expected"),
    [
        ("", "A dog.", [0, 0, 0, 0, 0, 0]),
        ("!", "A dog.", [0, 0, 0, 0, 0, 0]),
        ("a dog on the grass", "A dog on the grass.", [100, 100, 100, 100, 100, 0]),
        ("a cat", "some dog", [0, 0, 0, 0, 0, 0]),
    ],
)
def test_one_image_with_one_reference(
    hypothesis: str, reference: str, expected: list[float]
) -> None:
    report: Report = score({1: hypothesis}, {1: [reference]})
    assert list(report.scores.values()) == pytest.approx(expected, abs=1e-3)
    assert np.isfinite(list(report.scores.values())).all()


@pytest.mark.parametrize(
    ("hypotheses", "references", "message"),
    [
        ({}, {}, "nothing to score"),
        ({1: "a"}, {}, "nothing to score"),
        ({}, {1: ["a"]}, "no hypothesis for 1 image: 1"),
        (
            dict.fromkeys(range(9), "a"),
            {0: ["a"]},
            "no reference for 8 images: 1, 2, 3, 4, 5 and 3 more",
        ),
        ({1: "a", 2: "b"}, {1: ["a"], 2: []}, "no reference for 1 image: 2"),
        ({"x": "a"}, {"x": "a dog"}, "no list of texts"),
        ({"x": "a"}, {"x": ["a", None]}, "no list of texts"),
        ({"x": ["a"]}, {"x": ["a"]}, "no text"),
    ],
)
def test_what_does_not_fit_together_is_named(hypotheses, references, message: str) -> None:
    with pytest.raises(ScoreError, match=message):
        score(hypotheses, references)


def test_scoring_needs_neither_torch_nor_nltk() -> None:
    code = (
        "import sys, captioner.metrics; print({'torch', 'nltk', 'transformers'} & set(sys.modules))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip()
        == "set()"
    )
