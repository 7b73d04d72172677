"""METEOR and SPICE come from coco-caption, or a notice says why not."""

import shutil

import numpy as np
import pytest

from captioner.errors import ScoreError
from captioner.metrics import from_coco_caption
from captioner.metrics.from_coco_caption import Meteor, Spice
from captioner.metrics.tokens import tokenize

REFERENCES = [
    ["A dog runs on the grass.", "The dog is running."],
    ["Men on a horse"],
    ["A girl jumps."],
    ["a dog"],
    ["the of"],
    ["A man is standing before a skyscraper", "A huge building"],
]
HYPOTHESES = [
    "a running dog on some grass",
    "",
    "a girl jumps",
    "dog a",
    "the of",
    "a man stands in front of a high-rise",
]


@pytest.mark.slow
@pytest.mark.java
def test_meteor_equals_the_java_program_for_the_corpus_and_each_item():
    meteor = pytest.importorskip("pycocoevalcap.meteor.meteor")
    if shutil.which("java") is None:
        pytest.skip("no Java")
    counted = Meteor(REFERENCES).statistics(HYPOTHESES)
    wanted = {i: [" ".join(tokenize(text)) for text in texts] for i, texts in enumerate(REFERENCES)}
    given = {i: [" ".join(tokenize(text))] for i, text in enumerate(HYPOTHESES)}
    total, single = meteor.Meteor().compute_score(wanted, given)
    assert Meteor.scores(counted.sum(axis=0)) == pytest.approx([total], abs=1e-9)
    np.testing.assert_allclose(Meteor.scores(counted)[:, 0], single, atol=1e-9)


@pytest.mark.parametrize("metric", [Meteor, Spice])
def test_without_java_one_line_says_so(metric, monkeypatch):
    pytest.importorskip("pycocoevalcap")
    monkeypatch.setattr(from_coco_caption.shutil, "which", lambda name: None)
    with pytest.raises(ScoreError, match="install a Java runtime"):
        metric(REFERENCES)


def test_meteor_of_nothing_is_zero():
    assert Meteor.scores(np.zeros((3, 23))).tolist() == [[0.0]] * 3


def test_spice_is_the_mean_over_items():
    assert Spice.scores(np.array([[0.2, 1], [0.4, 1]]).sum(axis=0)) == pytest.approx([0.3])
