"""`translate` and `evaluate translations` as their users see them: what is printed and written,
the exit status.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from captioner import cli
from captioner.pipeline import Translator, load_translator

MEASURE = ["evaluate", "translations", "--source"]
SENTENCES = ["two dogs play", "", "snow, snow!", "in the snow."]


@pytest.fixture
def run(monkeypatch, capfd, tmp_path):
    """Run a command; return its exit status, standard output and standard error."""

    def call(*arguments: object, stdin: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["captioner", *map(str, arguments)])
        (tmp_path / "stdin").write_bytes(stdin)
        with (tmp_path / "stdin").open() as given, pytest.raises(SystemExit) as ended:
            monkeypatch.setattr(sys, "stdin", given)
            cli.main()
        out, err = capfd.readouterr()
        return int(ended.value.code or 0), out, err

    return call


@pytest.fixture
def model(sentence_model_folder) -> Translator:
    return load_translator(sentence_model_folder, device="cpu")


@pytest.fixture
def expected(model) -> list[str]:
    """What the tiny model says; its random weights write line ends, too, which must not become
    lines.
    """
    return [one.text.translate({9: " ", 10: " ", 13: " "}) for one in model.translate(SENTENCES)]


def lines(text: str) -> list[str]:
    """Split by line feeds alone, as tools for lines do."""
    assert not text or text.endswith("\n")
    return text.split("\n")[:-1]


def write(path: Path, content: str) -> Path:
    path.write_bytes(content.encode())
    return path


def test_arguments_are_translated_one_a_line(run, sentence_model_folder, expected):
    status, out, err = run("translate", *SENTENCES, "--model", sentence_model_folder)
    assert (status, err) == (0, "")
    assert lines(out) == expected


def test_a_file_is_translated_line_by_line(run, sentence_model_folder, expected, tmp_path):
    for name, content in (
        ("unix", "\n".join(SENTENCES)),
        ("dos", "\ufeff" + "\r\n".join(SENTENCES) + "\r\n"),
    ):
        file = write(tmp_path / name, content)
        status, out, err = run("translate", "--input", file, "--model", sentence_model_folder)
        assert (status, err) == (0, "")
        assert lines(out) == expected


def test_a_pipe_is_translated_line_by_line(run, sentence_model_folder, expected):
    for content in ("\n".join(SENTENCES), "\ufeff" + "\r\n".join(SENTENCES) + "\r\n"):
        status, out, err = run(
            "translate", "-", "--model", sentence_model_folder, stdin=content.encode()
        )
        assert (status, err) == (0, "")
        assert lines(out) == expected


def test_a_pipe_is_answered_as_it_goes_in_utf8_and_can_be_interrupted(
    sentence_model_folder, expected
):
    command = [
        sys.executable,
        "-m",
        "captioner.cli",
        "translate",
        "-",
        "--model",
        str(sentence_model_folder),
    ]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii:strict", "OMP_NUM_THREADS": "1"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, env=environment) as process:
        for sentence, translation in zip(SENTENCES, expected, strict=True):
            process.stdin.write(f"{sentence}\n".encode())
            process.stdin.flush()
            assert process.stdout.readline().decode("utf-8") == f"{translation}\n"
        process.send_signal(signal.SIGINT)  # while it waits for a line
        assert process.stdout.read() == b""
        assert process.stderr.read() == b""
    assert process.returncode == 130


def test_nothing_in_nothing_out(run, sentence_model_folder, tmp_path):
    assert run("translate", "-", "--model", sentence_model_folder) == (0, "", "")
    empty = write(tmp_path / "empty.txt", "")
    assert run("translate", "--input", empty, "--model", sentence_model_folder) == (0, "", "")


def test_lines_before_a_broken_one_are_translated(run, sentence_model_folder, expected):
    status, out, err = run(
        "translate",
        "-",
        "--model",
        sentence_model_folder,
        stdin=f"{SENTENCES[0]}\n{SENTENCES[1]}\n".encode() + b"\xff\n",
    )
    assert status == 2
    assert lines(out) == expected[:2]
    assert "line 3" in err and "UTF-8" in err and "Traceback" not in err


def test_a_text_file_is_written(run, sentence_model_folder, expected, tmp_path):
    output = tmp_path / "out.de"
    status, out, err = run(
        "translate", *SENTENCES, "--output", output, "--model", sentence_model_folder
    )
    assert (status, out, err) == (0, "", "")
    assert lines(output.read_bytes().decode()) == expected


def test_json_lines_are_written(run, model, sentence_model_folder, tmp_path):
    output = tmp_path / "out.jsonl"
    options = ["--num-translations", 3, "--model", sentence_model_folder, "--output"]
    status, out, err = run("translate", *SENTENCES, *options, output)
    assert (status, out, err) == (0, "", "")
    assert run("translate", *SENTENCES, *options, "-") == (0, output.read_text(), "")
    rows = [json.loads(line) for line in lines(output.read_text())]
    assert [row["source"] for row in rows] == SENTENCES
    for row, result in zip(rows, model.translate(SENTENCES, num_captions=3), strict=True):
        keys = [
            "source",
            "text",
            "log_prob",
            "candidates",
            "model",
            "source_language",
            "target_language",
        ]
        assert list(row) == [*keys, "error", "doubtful", "sentences"]
        assert row["doubtful"] == result.is_doubtful
        assert row["sentences"] == [
            {"source": one.source, "text": one.text, "doubtful": one.is_doubtful}
            for one in result.sentences
        ]
        assert (row["text"], row["model"], row["error"]) == (result.text, "en-de", None)
        assert [one["text"] for one in row["candidates"]] == [one.text for one in result.candidates]
        assert [one["log_prob"] for one in row["candidates"]] == pytest.approx(
            [one.log_prob for one in result.candidates], abs=1e-4
        )
    assert len(rows[0]["candidates"]) == 3


def test_more_translations_narrow_no_beam(run, model, sentence_model_folder):
    status, out, _ = run(
        "translate", SENTENCES[0], "--num-translations", 2, "--model", sentence_model_folder
    )
    wide = model.translate(SENTENCES[0], num_captions=2, beam_size=model.options().beam_size)
    assert status == 0
    assert lines(out)[0].split("\t") == [
        one.text.translate({9: " ", 10: " ", 13: " "}) for one in wide.candidates
    ]


def test_alignments_are_printed_in_pharaohs_format(
    run, model, sentence_model_folder, expected, tmp_path
):
    status, out, _ = run("translate", *SENTENCES, "--alignments", "--model", sentence_model_folder)
    assert status == 0
    for line, text, result in zip(lines(out), expected, model.translate(SENTENCES), strict=True):
        pairs = " ".join(f"{source}-{target}" for source, target in result.alignments)
        assert line == f"{text} ||| {pairs}"
    output = tmp_path / "out.jsonl"
    run(
        "translate",
        *SENTENCES,
        "--alignments",
        "--output",
        output,
        "--model",
        sentence_model_folder,
    )
    rows = [json.loads(line) for line in lines(output.read_text())]
    assert [row["alignments"] for row in rows] == [line.split(" ||| ")[1] for line in lines(out)]


def test_explain_draws_a_picture_a_line(run, sentence_model_folder, tmp_path):
    looks = tmp_path / "deep" / "looks"
    status, out, err = run(
        "translate", *SENTENCES, "--explain", looks, "--model", sentence_model_folder
    )
    assert (status, err) == (0, "")
    assert len(lines(out)) == len(SENTENCES)
    assert sorted(path.name for path in looks.iterdir()) == [
        "0001.png",
        "0002.png",
        "0003.png",
        "0004.png",
    ]
    for path in looks.iterdir():
        with Image.open(path) as picture:
            assert picture.format == "PNG"


def test_explain_draws_a_picture_a_sentence(run, sentence_model_folder, tmp_path):
    status, _, err = run(
        "translate", "A dog. Snow!", "a", "--explain", tmp_path, "--model", sentence_model_folder
    )
    assert (status, err) == (0, "")
    assert sorted(path.name for path in tmp_path.glob("*.png")) == [
        "0001-1.png",
        "0001-2.png",
        "0002.png",
    ]


def test_a_sentence_that_is_too_long_is_told(run, sentence_model_folder):
    long, many = "two dogs play " * 30, "Two dogs play. " * 30
    status, out, err = run(
        "translate", "a", f"Snow. {long}", many, "--beam-size", 1, "--model", sentence_model_folder
    )
    assert status == 0
    assert len(lines(out)) == 3
    assert (
        err.splitlines()[0]
        == "line 2: 1 of its sentences too long for the model, and translated in pieces"
    )


def test_a_line_is_one_line_whatever_it_is_laid_out_with(
    run, model, sentence_model_folder, tmp_path
):
    line = "Two dogs.\rSnow!\u2028The dogs.\x0cplay"
    texts = [
        one.text.translate({9: " ", 10: " ", 13: " "}) for one in model.translate(line).sentences
    ]
    status, out, _ = run(
        "translate", "--input", write(tmp_path / "a", line), "--model", sentence_model_folder
    )
    assert status == 0
    assert lines(out) == ["{} {}\u2028{}\x0c{}".format(*texts)]


def test_lines_that_may_lack_something_are_told_once(run, sentence_model_folder):
    # Of which it writes 7 pieces.
    long = "the dogs and the snow and the dogs and the snow and the dogs and the snow"
    status, out, err = run(
        "translate", "a", long, long, "--max-length", 1, "--model", sentence_model_folder
    )
    assert status == 0
    assert len(lines(out)) == 3
    assert err.count("translations that may omit or add something") == 1
    assert err.rstrip().endswith("lines 2, 3")


SRT = (
    "1\r\n00:00:01,000 --> 00:00:02,500\r\n<i>Two dogs\r\nplay.</i>\r\n\r\n2\r\n00:00:03,000 -->"
    " 00:00:04,000\r\n42\r\n"
)


def test_subtitles_become_subtitles(run, model, sentence_model_folder, tmp_path):
    source, output = write(tmp_path / "a.srt", SRT), tmp_path / "b.SRT"
    status, out, _ = run(
        "translate", "--input", source, "--output", output, "--model", sentence_model_folder
    )
    assert (status, out) == (0, "")
    cues = output.read_text().split("\n\n")
    said = model.translate("Two dogs play.").text.split()
    assert cues[0].split("\n")[:2] == ["1", "00:00:01,000 --> 00:00:02,500"]
    assert cues[0].split("\n", 2)[2].removeprefix("<i>").removesuffix("</i>").split() == said
    assert cues[1] == "2\n00:00:03,000 --> 00:00:04,000\n42"
    status, out, _ = run("translate", "--input", source, "--model", sentence_model_folder)
    assert out == output.read_text().rstrip("\n") + "\n"


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["translate"], 2, "give sentences"),
        (["translate", "a", "--input", "{file}"], 2, "give sentences"),
        (["translate", "--input", "{folder}/none.txt"], 1, "none.txt"),
        (["translate", "--input", "{folder}"], 1, "cannot be read"),
        (["translate", "--input", "{latin}"], 1, "latin.txt, line 2"),
        (["translate", "a", "--model", "nonesuch"], 1, "nonesuch"),
        (["translate", "a", "--model", "{photos}"], 1, "captioner caption"),
        (["caption", "{photo}", "--model", "{model}"], 1, "captioner translate"),
        (["translate", "a", "--model", "{model}", "--beam-size", "0"], 2, "beam_size"),
        (
            ["translate", "a", "--model", "{model}", "--num-translations", "0"],
            2,
            "num-translations",
        ),
        (["translate", "a", "--model", "{model}", "--output", "{folder}/out.csv"], 2, ".jsonl"),
        (["translate", "a", "--model", "{model}", "--output", "{folder}"], 2, "is a folder"),
        (
            ["translate", "a", "--model", "{model}", "--output", "{folder}/no/out.txt"],
            2,
            "no folder",
        ),
        (["translate", "a", "--model", "{model}", "--explain", "{file}"], 2, "cannot be made"),
        ([*MEASURE, "{file}", "--references", "{short}", "--model", "{model}"], 1, "2 lines, "),
        (
            [*MEASURE, "{file}", "--references", "{file}", "--model", "{photos}"],
            1,
            "captioner caption",
        ),
        ([*MEASURE, "{empty}", "--references", "{empty}", "--model", "{model}"], 1, "one sentence"),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else None,
)
def test_wrong_use_is_one_message_and_a_status(
    run, sentence_model_folder, model_folder, photos, tmp_path, arguments, status, message
):
    (tmp_path / "latin.txt").write_bytes("gut\nschön\n".encode("latin-1"))
    places = {
        "file": write(tmp_path / "two.txt", "one\ntwo\n"),
        "short": write(tmp_path / "short.txt", "one\n"),
        "empty": write(tmp_path / "empty.txt", ""),
        "latin": tmp_path / "latin.txt",
        "folder": tmp_path,
        "srt": write(tmp_path / "a.srt", SRT),
        "model": sentence_model_folder,
        "photos": model_folder,
        "photo": photos[0],
    }
    got, out, err = run(*(argument.format(**places) for argument in arguments))
    assert (got, out) == (status, "")
    assert message in err and "Traceback" not in err


def test_wrong_use_empties_no_earlier_translations(run, sentence_model_folder, tmp_path):
    output = write(tmp_path / "out.txt", "precious")
    for wrong in (
        ["--model", "nonesuch"],
        ["--model", sentence_model_folder, "--beam-size", 0],
        ["--model", sentence_model_folder, "--explain", output],
    ):
        assert run("translate", "a", "--output", output, *wrong)[0] != 0
        assert output.read_text() == "precious"


def test_evaluate_prints_a_table_or_one_object(run, model, sentence_model_folder, tmp_path):
    source = write(tmp_path / "a.en", "\n".join(SENTENCES) + "\n")
    references = [
        write(tmp_path / f"a.{n}", "".join(f"zwei Hunde {n} {k}\n" for k in range(4)))
        for n in (1, 2)
    ]
    given = [*MEASURE, source, *(part for file in references for part in ("--references", file))]
    output = tmp_path / "out.de"
    status, out, err = run(*given, "--model", sentence_model_folder, "--json", "--output", output)
    assert (status, err) == (0, "")
    told = json.loads(out)
    assert list(told["scores"]) == ["BLEU", "BLEU-lc", "chrF", "TER"]
    assert "nrefs:2" in told["signature"] and "tok:13a" in told["signature"]
    assert told["num_sentences"] == 4
    assert len(lines(output.read_bytes().decode())) == 4
    status, out, _ = run(*given, "--model", sentence_model_folder)
    assert status == 0
    assert [line.split()[0] for line in lines(out)[:4]] == ["BLEU", "BLEU-lc", "chrF", "TER"]
    assert "4 sentences" in out and "nrefs:2" in out


def test_evaluate_finds_no_fault_with_a_models_own_translations(
    run, sentence_model_folder, tmp_path
):
    source = write(tmp_path / "a.en", "two dogs play in the snow.\nsnow\n")
    own = tmp_path / "own.txt"
    run("translate", "--input", source, "--output", own, "--model", sentence_model_folder)
    status, out, _ = run(
        *MEASURE, source, "--references", own, "--model", sentence_model_folder, "--json"
    )
    assert status == 0
    assert json.loads(out)["scores"]["chrF"] == pytest.approx(100)
