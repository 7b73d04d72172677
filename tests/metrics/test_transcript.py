"""Error rates of transcripts, against numbers that can be counted by hand."""

import pytest

from captioner.errors import ScoreError
from captioner.metrics.significance import confidence_intervals
from captioner.metrics.transcript import TranscriptScorer

pytest.importorskip("jiwer")


def test_errors_are_counted_over_all_words():
    scorer = TranscriptScorer({"a": "one two three", "b": "four", "c": "FIVE six"})
    report = scorer.score({"c": "five six", "a": "one too three four", "b": ""})
    assert report.scores["WER"] == pytest.approx(
        100 * 3 / 6
    )  # one wrong, one too many, one missing
    assert report.scores["word accuracy"] == pytest.approx(50)
    assert report.scores["CER"] == pytest.approx(100 * 10 / 25)
    assert report.per_image["WER"].tolist() == pytest.approx([200 / 3, 100, 0])
    assert "case:lc" in report.signature and "jiwer" in report.signature
    interval = confidence_intervals(report)["WER"]
    assert interval.low < 50 < interval.high


def test_words_where_nothing_was_said_are_errors():
    report = TranscriptScorer({0: "one two", 1: "", 2: " "}).score(
        {0: "one two", 1: "three", 2: ""}
    )
    assert report.scores["WER"] == pytest.approx(50)
    assert report.per_image["WER"].tolist() == pytest.approx([0, 100, 0])


def test_accuracy_is_never_negative():
    report = TranscriptScorer({0: "one"}).score({0: "two three four"})
    assert (report.scores["WER"], report.scores["word accuracy"]) == (pytest.approx(300), 0)


def test_what_does_not_fit_together_is_named():
    for references in ({}, {0: " "}):
        with pytest.raises(ScoreError):
            TranscriptScorer(references)
    with pytest.raises(ScoreError, match="1 transcripts for 2 recordings"):
        TranscriptScorer({0: "a", 1: "b"}).score({0: "a"})
