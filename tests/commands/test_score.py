"""`captioner score` and `captioner compare`, from the command line to the exit status."""

import io
import json
import os
import subprocess
import sys
import threading

import pytest

REFERENCES = (
    "image,caption\na.jpg,A dog runs on the grass\na.jpg,A dog\nb.jpg,Two cats"
    " sleep\nc.jpg,A girl jumps\n"
)
GOOD = "".join(
    json.dumps({"file": f"photos/{name}", "caption": text, "error": None}) + "\n"
    for name, text in (
        ("a.jpg", "a dog runs"),
        ("b.jpg", "two cats sleep"),
        ("c.jpg", "a girl jumps"),
    )
)
BAD = "file,caption\na.jpg,a cow\nb.jpg,two dogs\nc.jpg,a girl\n"


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    """Run the command line in a folder with references and two systems; returns status, output
    and errors.
    """
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
    status, output, errors = run(
        "score", "--references", "refs", "--hypotheses", "good", "--training", "refs"
    )
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
    for name, content in (
        ("one", "ein Hund\nzwei\n"),
        ("two", "der Hund\nzwei\n"),
        ("hyps", "ein Hund\ndrei\n"),
    ):
        (tmp_path / name).write_text(content, encoding="utf-8")
    arguments = (
        "--references",
        "one",
        "--references",
        "two",
        "--hypotheses",
        "hyps",
        "--metrics",
        "wer",
        "--json",
    )
    status, output, _ = run("score", *arguments)
    assert (status, json.loads(output)["scores"]) == (0, {"WER": pytest.approx(100 / 3)})


def test_compare_says_in_words_and_in_json_which_is_better(run):
    status, output, _ = run("compare", "--references", "refs", "bad", "good")
    assert status == 0
    assert "CIDEr: good is better than bad by" in output
    _, output, _ = run(
        "compare", "--references", "refs", "bad", "good", "--metrics", "rouge", "--json"
    )
    compared = json.loads(output)
    assert list(compared["systems"]) == ["bad", "good"]
    assert [row["better"] for row in compared["comparisons"]] == ["good"]


WORDS = "".join(f"{word};satz\n" for word in ("bild", "a", "b", "c"))


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
@pytest.mark.parametrize("columns", ["image,caption", "file name,text"])
def test_a_table_is_scored_alike_whatever_its_form(run, tmp_path, delimiter, columns):
    arguments = ("score", "--references", "refs", "--hypotheses", "bad", "--json")
    expected = run(*arguments)
    for name, content in (("refs", REFERENCES), ("bad", BAD)):
        lines = [columns, *content.splitlines()[1:]]
        (tmp_path / name).write_text("\n".join(lines).replace(",", delimiter), encoding="utf-8")
    assert run(*arguments) == expected


def test_lines_that_look_like_a_table_are_asked_about_and_the_answer_is_taken(run, tmp_path):
    for name in ("lines", "others"):
        (tmp_path / name).write_text(WORDS, encoding="utf-8")
    for command in (("score", "--hypotheses", "lines"), ("compare", "lines", "others")):
        status, output, errors = run(*command, "--references", "lines")
        assert (
            (status, output) == (1, "")
            and "each line has 1 semicolon" in errors
            and "--plain" in errors
        )
        status, output, errors = run(
            *command, "--references", "lines", "--plain", "--metrics", "bleu"
        )
        assert (status, errors) == (0, "") and "100.00" in output


def test_a_part_is_scored_and_the_rest_is_counted(run, tmp_path):
    """As coco-caption does: document frequencies, too, are those of the part."""
    part, last = GOOD.splitlines(keepends=True)[:2], GOOD.splitlines(keepends=True)[1:]
    for name, content in (("part", part), ("last", last)):
        (tmp_path / name).write_text("".join(content), encoding="utf-8")
    (tmp_path / "few").write_text(REFERENCES.replace("c.jpg,A girl jumps\n", ""), encoding="utf-8")
    status, _, errors = run("score", "--references", "refs", "--hypotheses", "part")
    assert status == 1 and "--partial scores the others alone" in errors
    _, output, _ = run(
        "score",
        "--references",
        "refs",
        "--hypotheses",
        "part",
        "--partial",
        "--report",
        "page.html",
    )
    assert "of 2 items, 1 without a caption left out" in output
    assert "2 items, 1 without a caption left out" in (tmp_path / "page.html").read_text(
        encoding="utf-8"
    )
    partial = json.loads(
        run("score", "--references", "refs", "--hypotheses", "part", "--partial", "--json")[1]
    )
    alone = json.loads(run("score", "--references", "few", "--hypotheses", "part", "--json")[1])
    assert (partial.pop("num_missing"), alone.pop("num_missing")) == (1, 0)
    assert partial == alone
    compared = json.loads(
        run("compare", "--references", "refs", "part", "last", "--partial", "--json")[1]
    )
    assert [(card["num_items"], card["num_missing"]) for card in compared["systems"].values()] == [
        (1, 2)
    ] * 2


@pytest.fixture
def piped(monkeypatch):
    """Let a text be standard input."""
    return lambda text: monkeypatch.setattr(
        sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode()))
    )


def test_a_dash_is_standard_input_for_any_file_but_for_one_alone(run, piped):
    expected = run("score", "--references", "refs", "--hypotheses", "good", "--training", "refs")
    for content, arguments in (
        (REFERENCES, ("--references", "-", "--hypotheses", "good", "--training", "refs")),
        (GOOD, ("--references", "refs", "--hypotheses", "-", "--training", "refs")),
        (REFERENCES, ("--references", "refs", "--hypotheses", "good", "--training", "-")),
    ):
        piped(content)
        assert run("score", *arguments) == expected
    piped(GOOD)
    assert "bad is better" not in run("compare", "--references", "refs", "bad", "-")[1]
    status, _, errors = run("score", "--references", "-", "--hypotheses", "-")
    assert status == 2 and "standard input can be read once" in errors


def test_references_through_a_pipe_are_read_once(run, tmp_path):
    expected = run("score", "--references", "refs", "--hypotheses", "good")
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_text, args=(REFERENCES,))
    writer.start()
    assert run("score", "--references", "pipe", "--hypotheses", "good") == expected
    writer.join(10)


@pytest.mark.usefixtures("run")
def test_a_page_to_standard_output_leaves_the_scores_to_the_other(tmp_path):
    arguments = ("score", "--references", "refs", "--hypotheses", "good", "--report", "-")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-m", "captioner.cli", *arguments],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 0 and "CIDEr" in done.stderr
    assert done.stdout.startswith("<!doctype html>") and done.stdout.endswith("</html>\n")
    assert not (tmp_path / "-").exists()


def test_half_of_an_emoji_is_a_replacement_sign_wherever_it_is_shown(run, tmp_path):
    (tmp_path / "half").write_text(GOOD.replace("runs", "runs \\ud83d"), encoding="utf-8")
    arguments = (
        "--metrics",
        "bleu,rouge,cider,chrf,ter,wer,cer,sacrebleu",
        "--report",
        "page.html",
    )
    status, _, errors = run("score", "--references", "refs", "--hypotheses", "half", *arguments)
    assert (status, errors) == (0, "")
    assert "a dog runs \ufffd" in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_caption_of_160_kb_is_scored(run, tmp_path):
    rows = [f"{name},{'word ' * 32_000}" for name in ("a.jpg", "b.jpg", "c.jpg")]
    (tmp_path / "long").write_text("\n".join(["file,caption", *rows]), encoding="utf-8")
    status, output, _ = run(
        "score", "--references", "refs", "--hypotheses", "long", "--metrics", "bleu,cider"
    )
    assert status == 0 and "32000.0 words a caption" in output


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
        (
            ("score", "--references", "refs", "--hypotheses", "good", "--report", "no/page.html"),
            2,
            "no folder no",
        ),
        (("compare", "--references", "refs", "good"), 2, "two different files"),
    ],
)
def test_what_goes_wrong_is_one_line_and_a_status(run, arguments, status, message):
    code, output, errors = run(*arguments)
    assert (code, output) == (status, "")
    assert message in errors
    assert errors.count("\n") == 1


def test_scoring_needs_no_torch(tmp_path):
    offline = ", ".join(
        f"captioner.evaluation.offline.{part}" for part in ("card", "comparison", "page")
    )
    unwanted = "{'torch', 'transformers', 'sacrebleu', 'jiwer'}"
    code = f"import sys, captioner.cli, {offline}; print({unwanted} & set(sys.modules))"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip()
        == "set()"
    )


@pytest.mark.parametrize(
    ("command", "status", "written"),
    [
        ("score --references refs --hypotheses good --report page.html", 0, ["page.html"]),
        ("score --references refs --hypotheses good", 2, []),
        ("compare good bad --references refs --json", 2, []),
        ("evaluate captions --images . --references refs", 2, []),
        ("evaluate transcripts --recordings none", 2, []),
    ],
)
def test_where_standard_output_is_closed_files_are_written_or_it_is_said_at_once(
    run, tmp_path, command, status, written
):
    done = subprocess.run(
        ["bash", "-c", f'"$0" -m captioner.cli {command} >&-', sys.executable],
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == status, done.stderr
    assert ("standard output is closed" in done.stderr) == (status == 2)
    assert {path.name for path in tmp_path.iterdir()} == {"refs", "good", "bad", *written}
