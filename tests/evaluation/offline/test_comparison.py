"""A comparison finds what is better and what is luck."""

import pytest

from captioner.errors import UsageError
from captioner.evaluation.offline.comparison import Verdict, compare_files, describe_comparison
from captioner.metrics.significance import Comparison

WORDS = ["dog", "cat", "cow", "horse", "girl", "boy", "man", "woman", "bird", "bus"]
LINES = [f"a {a} and a {b} sit on the grass" for a in WORDS[:5] for b in WORDS[5:]]


@pytest.fixture
def files(write):
    """References, a system that says them, one that misses words in each, and one that errs as
    often elsewhere.
    """
    worse = [line.replace(" on the", "").replace("sit", "stand") for line in LINES]
    other = [line.replace(" the grass", "").replace("sit", "lie") for line in LINES]
    return [
        write(name, "\n".join(lines) + "\n")
        for name, lines in zip("rgwo", (LINES, LINES, worse, other), strict=True)
    ]


def test_the_better_system_is_named_and_it_is_no_luck(files):
    references, good, worse, _ = files
    cards, verdicts = compare_files([worse, good], [references], None, ["Cider", "Ter"])
    assert list(cards) == [str(worse), str(good)]
    assert [verdict.metric for verdict in verdicts] == ["CIDEr", "TER"]
    for verdict in verdicts:
        assert (verdict.better, verdict.may_be_luck) == (str(good), False)
        assert f"{good} is better than {worse} by" in str(verdict)
        assert "hardly" in str(verdict)
    assert str(verdicts[0]) in describe_comparison(cards, verdicts)


def test_every_other_system_meets_the_first(files):
    references, good, worse, other = files
    _, verdicts = compare_files([good, worse, other], [references], None, ["RougeL"])
    assert [(verdict.first, verdict.second) for verdict in verdicts] == [
        (str(good), str(worse)),
        (str(good), str(other)),
    ]


def test_equal_systems_are_equal(files, write):
    references, good, *_ = files
    same = write("same", good.read_text())
    _, verdicts = compare_files([good, same], [references], None, ["Bleu", "Cider"])
    for verdict in verdicts:
        assert (verdict.better, verdict.comparison.bootstrap, verdict.comparison.randomisation) == (
            None,
            1,
            1,
        )
        assert "equal" in str(verdict)


@pytest.mark.parametrize(
    ("metric", "comparison", "better", "may_be_luck"),
    [
        ("CIDEr", Comparison(1.5, 0.01, 0.02), "b", False),
        ("CIDEr", Comparison(-1.5, 0.01, 0.02), "a", False),
        ("WER", Comparison(-1.5, 0.01, 0.02), "b", False),
        ("WER", Comparison(1.5, 0.049, 0.05), "a", True),
        ("CIDEr", Comparison(1.5, 0.2, 0.01), "b", True),
        ("CIDEr", Comparison(0.0, 1.0, 1.0), None, True),
    ],
)
def test_a_verdict_says_which_and_whether_it_may_be_luck(metric, comparison, better, may_be_luck):
    verdict = Verdict(metric, "a", "b", comparison)
    assert (verdict.better, verdict.may_be_luck) == (better, may_be_luck)
    assert ("may be luck" in str(verdict)) == (may_be_luck and better is not None)
    assert verdict.to_dict()["words"] == str(verdict)


def test_one_file_twice_is_no_comparison(files):
    for hypotheses in (files[1:2], [files[1], files[1]]):
        with pytest.raises(UsageError, match="two different files"):
            compare_files(hypotheses, files[:1], None, ["Cider"])
