"""Uploaded references and results: the scores of the command line, in words that name no folder
of the server.
"""

from pathlib import Path

import pytest

from captioner.errors import AnnotationError, CaptionerError, ScoreError, UsageError
from captioner.web.evaluation import evaluated, evaluation_view
from captioner.web.limits import Limits
from captioner.web.uploads import Upload
from captioner.web.without_folders import without_folders

FAMILIES = ["bleu", "cider"]


def upload(folder: Path, name: str, text: str) -> Upload:
    path = folder / f"{abs(hash(name + text))}"
    path.write_text(text, encoding="utf-8")
    return Upload(name, path)


@pytest.fixture
def references(tmp_path: Path) -> Upload:
    return upload(
        tmp_path,
        "refs.csv",
        "image,caption\na.png,a red dog\na.png,the dog is red\nb.png,a cat sits\nc.png,two birds\n",
    )


@pytest.fixture
def results(tmp_path: Path) -> list[Upload]:
    first = "file,caption\na.png,a red dog\nb.png,<b>nothing</b> fits\nc.png,two birds\n"
    second = "file,caption\na.png,a dog\nb.png,a cat sits\nc.png,birds\n"
    return [upload(tmp_path, "one.csv", first), upload(tmp_path, "one.csv", second)]


def test_scores_are_those_of_the_command_line(references, results, tmp_path):
    from captioner.evaluation.offline.card import CardScorer, parse_metrics
    from captioner.evaluation.offline.hypotheses import read_hypotheses
    from captioner.evaluation.offline.references import read_references

    known = read_references([references.path])
    card = CardScorer(known, parse_metrics("bleu,cider")).score(
        read_hypotheses(results[0].path, known)
    )
    with evaluated([references], results[:1], [], "", FAMILIES, Limits()) as evaluation:
        assert evaluation.to_dict()["systems"]["one.csv"]["scores"] == card.report.scores
        assert evaluation.to_dict()["comparisons"] == []


def test_the_worst_come_first_and_with_their_photos(references, results, photos):
    sent = [Upload("b.png", photos[0]), Upload("other.png", photos[1])]
    with evaluated([references], results[:1], sent, "", FAMILIES, Limits()) as evaluation:
        page = evaluation_view(evaluation)
    assert evaluation.worst()[0] == "b.png"
    assert page.count("<img ") == 1
    assert "&lt;b&gt;nothing&lt;/b&gt; fits" in page
    assert "<b>nothing" not in page


def test_two_files_of_one_name_are_told_apart_and_compared(references, results):
    with evaluated([references], results, [], "", FAMILIES, Limits()) as evaluation:
        page = evaluation_view(evaluation)
    assert list(evaluation.cards) == ["one.csv", "2 one.csv"]
    assert {verdict.metric for verdict in evaluation.verdicts} == {
        "BLEU-1",
        "BLEU-2",
        "BLEU-3",
        "BLEU-4",
        "CIDEr",
    }
    assert "Which is better" in page


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        ("file,caption\na.png,a dog\n", ScoreError, "2 without a hypothesis"),
        ("file,caption\na.png\n", AnnotationError, "line 2"),
        ("", ScoreError, "empty"),
    ],
)
def test_what_does_not_fit_is_told_by_the_name_that_was_sent(
    references, tmp_path, text, error, words
):
    with (
        pytest.raises(error, match=words) as caught,
        evaluated(
            [references], [upload(tmp_path, "my results.csv", text)], [], "", FAMILIES, Limits()
        ),
    ):
        pass
    told = without_folders(str(caught.value))
    assert told.startswith("my results.csv")
    assert "/" not in told


def test_what_is_missing_or_unknown_is_told(references, results):
    for given in (([], results), ([references], []), ([references], [*results, *results])):
        with (
            pytest.raises(UsageError, match="send the references"),
            evaluated(*given, [], "", FAMILIES, Limits()),
        ):
            pass
    with (
        pytest.raises(CaptionerError),
        evaluated([references], results, [], "test", FAMILIES, Limits()),
    ):
        pass
    with (
        pytest.raises(UsageError, match="no metric"),
        evaluated([references], results, [], "", ["<b>"], Limits()),
    ):
        pass
