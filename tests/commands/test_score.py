"""`captioner score` and `captioner compare`, from the command line to the exit status."""

import json
import subprocess
import sys

import pytest

REFERENCES = "image,caption\na.jpg,A dog runs on the grass\na.jpg,A dog\nb.jpg,Two cats sleep\nc.jpg,A girl jumps\n"
GOOD = "".join(
    json.dumps({"file": f"photos/{name}", "caption": text, "error": None}) + "\n"
    for name, text in (("a.jpg", "a dog runs"), ("b.jpg", "two cats sleep"), ("c.jpg", "a girl jumps"))
)
BAD = "file,caption\na.jpg,a cow\nb.jpg,two dogs\nc.jpg,a girl\n"


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    """Run the command line in a folder with references and two systems; returns status, output and errors."""
    from captioner.cli import main

    for name, content in (("refs", REFERENCES), ("good", GOOD), ("bad", BAD)):
        (tmp_path / name).write_text(content, encoding="utf-8")
    monkeypatch.chdir(tmp_path)

    def ran(*arguments):
        monkeypatch.setattr(sys, "argv", ["captioner", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        return end.value.code or 0, *capsys.readouterr()

    return ran


def test_score_prints_all_that_a_reviewer_asks_for(run):
    status, output, errors = run("score", "--references", "refs", "--hypotheses", "good", "--training", "refs")
    assert (status, errors) == (0, "")
    for part in (
        "BLEU-4",
        "CIDEr",
        "95 % interval of 3 items",
        "nrefs:1-2|",
        "distinct-1",
        "33.3% of the captions are new",
    ):
        assert part in output


def test_score_as_json_is_one_object_and_a_page_lies_beside(run, tmp_path):
    arguments = (
        "--references",
        "refs",
        "--hypotheses",
        "good",
        "--json",
        "--report",
        "page.html",
        "--metrics",
        "cider",
    )
    status, output, _ = run("score", *arguments)
    card = json.loads(output)
    assert status == 0
    assert list(card["scores"]) == list(card["intervals"]) == list(card["signatures"]) == ["CIDEr"]
    assert card["num_items"] == 3
    assert (tmp_path / "page.html").read_text(encoding="utf-8").count("<article>") == 3


def test_plain_files_are_scored_line_by_line(run, tmp_path):
    for name, content in (("one", "ein Hund\nzwei\n"), ("two", "der Hund\nzwei\n"), ("hyps", "ein Hund\ndrei\n")):
        (tmp_path / name).write_text(content, encoding="utf-8")
    arguments = ("--references", "one", "--references", "two", "--hypotheses", "hyps", "--metrics", "wer", "--json")
    status, output, _ = run("score", *arguments)
    assert (status, json.loads(output)["scores"]) == (0, {"WER": pytest.approx(100 / 3)})


def test_compare_says_in_words_and_in_json_which_is_better(run):
    status, output, _ = run("compare", "--references", "refs", "bad", "good")
    assert status == 0
    assert "CIDEr: good is better than bad by" in output
    _, output, _ = run("compare", "--references", "refs", "bad", "good", "--metrics", "rouge", "--json")
    compared = json.loads(output)
    assert list(compared["systems"]) == ["bad", "good"]
    assert [row["better"] for row in compared["comparisons"]] == ["good"]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("score", "--references", "refs", "--hypotheses", "refs"), 1, "1 more than once: 'a.jpg'"),
        (("score", "--references", "refs", "--hypotheses", "none"), 1, "none: cannot be read"),
        (
            ("score", "--references", "refs", "--hypotheses", "good", "--metrics", "bleuu"),
            2,
            "no metric is called bleuu",
        ),
        (("score", "--references", "refs", "--hypotheses", "good", "--report", "no/page.html"), 2, "no folder no"),
        (("compare", "--references", "refs", "good"), 2, "two different files"),
    ],
)
def test_what_goes_wrong_is_one_line_and_a_status(run, arguments, status, message):
    code, output, errors = run(*arguments)
    assert (code, output) == (status, "")
    assert message in errors
    assert errors.count("\n") == 1


def test_scoring_needs_no_torch(tmp_path):
    offline = ", ".join(f"captioner.evaluation.offline.{part}" for part in ("card", "comparison", "page"))
    unwanted = "{'torch', 'transformers', 'sacrebleu', 'jiwer'}"
    code = f"import sys, captioner.cli, {offline}; print({unwanted} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "set()"
