"""The command line as its users see it: what is printed, what is written, and the exit status."""

import csv
import json
import logging
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from captioner import __version__
from captioner.config import SearchConfig
from captioner.pipeline import Captioner
from captioner.preprocess.fetching import fetched


def test_help_needs_no_torch_and_tells_what_config_tells():
    code = (
        "import sys; sys.argv = ['captioner', 'caption', '--help']\n"
        "from captioner.cli import main\n"
        "try: main()\n"
        "finally: assert 'torch' not in sys.modules and 'gradio' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={"COLUMNS": "200"}
    )
    assert done.returncode == 0, done.stderr
    assert SearchConfig.model_fields["num_captions"].description in " ".join(done.stdout.split())


def test_shells_complete_commands():
    environment = os.environ | {
        "_CAPTIONER_COMPLETE": "complete_bash",
        "COMP_WORDS": "captioner eval",
        "COMP_CWORD": "1",
    }
    # The shell asks the script of this name; it is what the package installs.
    code = "import sys; sys.argv = ['captioner']; from captioner.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    assert done.stdout.split() == ["evaluate"]


def test_log_level_is_that_of_logging(run, monkeypatch):
    levels = []
    monkeypatch.setattr(logging, "basicConfig", lambda **given: levels.append(given["level"]))
    assert run("--log-level", "debug", "--version")[0] == 0
    assert levels == ["DEBUG"]


def test_version(run):
    assert run("--version") == (0, f"{__version__}\n", "")


def test_captions_are_printed_one_a_line_and_nothing_else(run, model_folder, photos):
    status, out, err = run("caption", *photos[:2], "--model", model_folder)
    assert (status, err) == (0, "")
    lines = [line.split("\t") for line in out.splitlines()]
    assert [file for file, _ in lines] == [str(photo) for photo in photos[:2]]
    assert all(caption for _, caption in lines)


def test_outputs_are_written_by_suffix_and_a_bad_file_is_a_row_and_status_one(
    run, model_folder, photos, tmp_path
):
    bad = tmp_path / "bad.jpg"
    bad.write_text("no photo", encoding="utf-8")
    outputs = [
        tmp_path / f"captions{suffix}"
        for suffix in (".jsonl", ".csv", ".json", ".html", ".parquet")
    ]
    options = [argument for output in outputs for argument in ("--output", output)]
    status, out, err = run(
        "caption", photos[0], bad, "--model", model_folder, "--num-captions", 2, *options
    )
    assert (status, out) == (1, "")
    assert str(bad) in err and "captioned 1 of 2 photos in" in err and "Traceback" not in err
    assert "1 of 2 photos could not be captioned (1 UnsupportedFileError): see" in err
    listed = err.splitlines()[-1].split()
    assert [str(path) in listed for path in outputs] == [True, True, False, True, True]
    rows = [json.loads(line) for line in outputs[0].read_text(encoding="utf-8").splitlines()]
    keys = ["file", "caption", "log_prob", "candidates", "model", "error", "language"]
    assert list(rows[0]) == [*keys, "confidence", "concepts"]
    assert [row["error"] and row["error"]["type"] for row in rows] == [None, "UnsupportedFileError"]
    assert rows[0]["candidates"][0]["caption"] == rows[0]["caption"]
    assert len(rows[0]["candidates"]) == 2
    with outputs[1].open(encoding="utf-8", newline="") as file:
        assert [row["caption"] for row in csv.DictReader(file)] == [rows[0]["caption"], ""]
    assert json.loads(outputs[2].read_text()) == [
        {"image_id": photos[0].name, "caption": rows[0]["caption"]}
    ]
    assert rows[0]["caption"] in outputs[3].read_text(encoding="utf-8")
    assert rows[0]["caption"].encode() in outputs[4].read_bytes()


def test_a_photo_from_standard_input_and_records_on_standard_output(
    run, model_folder, photos, tmp_path, monkeypatch
):
    fetched.cache_clear()
    with photos[0].open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        bad, output = tmp_path / "bad.jpg", tmp_path / "out.jsonl"
        bad.touch()
        command = [
            "caption",
            "-",
            bad,
            "--model",
            model_folder,
            "--output",
            output,
            "--output",
            "-",
            "--show",
        ]
        status, out, err = run(*command)
    fetched.cache_clear()
    assert status == 1 and f"{bad}: the file is empty" in err
    rows = [json.loads(line) for line in out.splitlines()]
    assert rows == [json.loads(line) for line in output.read_text().splitlines()]
    assert (
        [row["file"] for row in rows] == ["-", str(bad)] and rows[0]["caption"] and rows[1]["error"]
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.jpg", "model", "out.jsonl"]


def test_wrong_use_empties_no_earlier_results(run, model_folder, photos, tmp_path):
    earlier = [tmp_path / f"old{suffix}" for suffix in (".jsonl", ".csv", ".json", ".html")]
    for path in earlier:
        path.write_text("precious", encoding="utf-8")
    outputs = [argument for path in earlier for argument in ("--output", path)]
    for wrong in (["--model", "nonesuch"], ["--model", model_folder, "--beam-size", "0"]):
        status, _, _ = run("caption", photos[0], *outputs, *wrong)
        assert status != 0
        assert {path.read_text(encoding="utf-8") for path in earlier} == {"precious"}


def test_words_are_required_and_forbidden(run, model_folder, photos):
    steered = (
        "caption",
        photos[0],
        "--model",
        model_folder,
        "--require",
        "Picture",
        "--require",
        "left",
    )
    status, out, err = run(*steered, "--forbid", "photo", "--max-length", 6)
    words = out.split("\t")[1].split()
    assert (status, err) == (0, "")
    assert {"left"} < set(words) and {"picture", "pictures"} & set(words) and "photo" not in words
    status, out, err = run(*steered, "--require", "pictrue")
    assert (status, out) == (2, "")
    assert "this model cannot write 'pictrue'; similar words are picture" in err
    status, _, err = run(*steered, "--forbid", "left")
    assert status == 2 and "'left'" in err


def test_captions_begin_as_they_are_told(run, model_folder, photos):
    begun = ("caption", *photos[:2], "--model", model_folder, "--begin")
    status, out, err = run(*begun, "Picture red", "--require", "left", "--max-length", 6)
    captions = [line.split("\t")[1] for line in out.splitlines()]
    assert (status, err, len(captions)) == (0, "", 2)
    assert all(caption.startswith("picture red ") and "left" in caption for caption in captions)
    status, out, err = run(*begun, "a pictrue of")
    assert (status, out) == (2, "")
    assert "begin: this model cannot write 'pictrue'; similar words are picture" in err


@pytest.mark.parametrize("option", ["--require", "--forbid", "--begin"])
@pytest.mark.parametrize("text", ["</s>", "<unk>", " ", "caf\udce9"])
def test_what_holds_no_word_is_named(run, model_folder, photos, option, text):
    status, out, err = run("caption", photos[0], "--model", model_folder, option, text)
    assert (status, out, err.count("\n")) == (2, "", 1) and " holds " in err


def test_a_hint_that_a_model_cannot_take_is_named(run, model_folder, photos):
    status, out, err = run(
        "caption", photos[0], "--model", model_folder, "--hint", "birthday, grandmother"
    )
    assert (status, out) == (2, "") and "hint: this model detects no words" in err
    for blank in ("", " , "):
        assert run("caption", photos[0], "--model", model_folder, "--hint", blank)[0] == 2


def test_a_model_without_classifier_says_so_where_concepts_are_asked_for(run, model_folder, photos):
    status, out, err = run("caption", photos[0], "--model", model_folder, "--concepts", 2)
    assert (status, out) == (2, "")
    assert "does not tell what it finds in a photo" in err


def test_a_bar_on_the_terminal_leaves_standard_output_to_the_captions(
    model_folder, photos, tmp_path
):
    screen, terminal = pty.openpty()
    command = [sys.executable, "-m", "captioner.cli", "caption", photos[0], "--model", model_folder]
    with (tmp_path / "out.tsv").open("w") as out:
        done = subprocess.run(command, stdout=out, stderr=terminal, check=False)
    os.close(terminal)
    os.close(screen)
    assert done.returncode == 0
    assert (tmp_path / "out.tsv").read_text(encoding="utf-8").startswith(f"{photos[0]}\t")


def test_names_in_any_encoding_are_printed_as_they_are(model_folder, photos, tmp_path):
    name = os.fsencode(tmp_path) + b"/caf\xe9.png"
    Path(os.fsdecode(name)).write_bytes(photos[0].read_bytes())
    command = [sys.executable, "-m", "captioner.cli", "caption", name, "--model", model_folder]
    done = subprocess.run(
        command,
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(name + b"\t")


def test_sidecars_and_pictures_of_attention(run, model_folder, photos, tmp_path):
    photo = tmp_path / "one.png"
    photo.write_bytes(photos[0].read_bytes())
    status, out, _ = run(
        "caption", tmp_path, "--model", model_folder, "--sidecar", "--explain", tmp_path / "looks"
    )
    assert (status, out) == (0, "")
    assert (tmp_path / "one.txt").read_text(encoding="utf-8").strip()
    assert len(list((tmp_path / "looks").rglob("*.png"))) == 1


def test_texts_for_image_generators(run, model_folder, photos, tmp_path):
    for name in ("one.png", "two.png"):
        (tmp_path / name).write_bytes(photos[0].read_bytes())
    (tmp_path / "two.txt").write_text("by hand\n", encoding="utf-8")
    text = [
        "--trigger",
        "sks",
        "--prefix",
        "photo of ",
        "--suffix",
        ".",
        "--template",
        "{caption} ({name}, {n})",
    ]
    options = ["--model", model_folder, "--sidecar", "--output", tmp_path / "metadata.jsonl", *text]
    status, _, err = run("caption", tmp_path, *options, "--existing", "prepend")
    assert status == 0 and "captioned 2 of 2 photos" in err
    rows = [
        json.loads(line)
        for line in (tmp_path / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert [row["file_name"] for row in rows] == ["one.png", "two.png"]
    one, two = (row["text"] for row in rows)
    assert (
        one.startswith("sks, photo of ")
        and one.endswith(" (one, 1).")
        and two.endswith(" (two, 2).")
    )
    assert (tmp_path / "one.txt").read_text(encoding="utf-8") == f"{one}\n"
    assert (tmp_path / "two.txt").read_text(encoding="utf-8") == f"{two}, by hand\n"
    status, _, err = run(
        "caption", tmp_path, "--model", model_folder, "--sidecar", "--existing", "skip"
    )
    assert status == 0 and "captioned 0 of 2 photos" in err and "2 skipped" in err


def test_interrupted_it_says_how_to_go_on_and_goes_on(
    run, model_folder, photos, tmp_path, monkeypatch
):
    output = tmp_path / "out.jsonl"
    command = ["caption", *photos, "--model", model_folder, "--output", output, "--batch-size", 1]
    caption_images = Captioner.caption_images

    interrupts = iter([lambda: os.kill(os.getpid(), signal.SIGINT)])

    def interrupted(self, images, search):
        next(interrupts, lambda: None)()
        return caption_images(self, images, search)

    with monkeypatch.context() as patch:
        patch.setattr(Captioner, "caption_images", interrupted)
        status, _, err = run(*command)
    assert status == 130 and "the same command with --resume goes on" in err and not output.exists()
    status, _, err = run(*command)
    assert status == 2 and "out.jsonl.unfinished" in err and "--resume" in err
    status, _, err = run(*command, "--resume")
    assert status == 0 and "captioned" in err
    rows = [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]
    assert [row["file"] for row in rows] == [str(photo) for photo in photos]
    status, _, err = run(*command, "--resume")
    assert (status, err) == (0, f"{output}: already finished; without --resume it is made again\n")


def test_what_failed_is_tried_again_and_said_to_be(run, model_folder, photos, tmp_path):
    late, bad, output = tmp_path / "late.png", tmp_path / "bad.jpg", tmp_path / "out.jsonl"
    bad.write_text("no photo")
    command = [
        "caption",
        photos[0],
        late,
        bad,
        "--model",
        model_folder,
        "--output",
        output,
        "--resume",
    ]
    assert run(*command)[0] == 1
    late.write_bytes(photos[1].read_bytes())
    status, _, err = run(*command)
    assert status == 1 and "2 of 3 files failed in the finished run, and are tried again" in err
    assert "captioned 1 of 3 photos" in err and "1 were done before" in err
    bad.write_bytes(photos[2].read_bytes())
    assert run(*command)[0] == 0
    status, _, err = run(*command)
    assert status == 0 and "already finished" in err
    files = [json.loads(line)["file"] for line in output.read_text().splitlines()]
    assert files == [str(photos[0]), str(late), str(bad)]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["caption"], 2, "Missing argument"),
        (["caption", "{photo}", "--output", "x.docx", "--model", "{model}"], 2, ".docx"),
        (
            ["caption", "{photo}", "--output", "{empty}/metadata.jsonl", "--model", "{model}"],
            2,
            "not below",
        ),
        (["caption", "{photo}", "--resume", "--model", "{model}"], 2, "--output or --sidecar"),
        (
            ["caption", "{photo}", "--resume", "--output", "-", "--model", "{model}"],
            2,
            "--output or --sidecar",
        ),
        (
            ["caption", "http://localhost:1/a.jpg", "--sidecar", "--model", "{model}"],
            2,
            "is not on this disk",
        ),
        (
            ["caption", "-", "--output", "{empty}/metadata.jsonl", "--model", "{model}"],
            2,
            "not below its folder",
        ),
        (
            [
                "caption",
                "{photo}",
                "--output",
                "a.csv",
                "--output",
                "./a.csv",
                "--model",
                "{model}",
            ],
            2,
            "the same file",
        ),
        (["caption", "{photo}", "--model", "runs/mine"], 1, "no such folder"),
        (["caption", "{photo}", "--existing", "skip", "--model", "{model}"], 2, "--sidecar"),
        (["caption", "{photo}", "--trigger", "sks", "--model", "{model}"], 2, "--sidecar"),
        (
            ["caption", "{photo}", "--sidecar", "--template", "{{title}}", "--model", "{model}"],
            2,
            "{title}",
        ),
        (["caption", "{empty}"], 2, "no photos"),
        (["caption", "{photo}", "--model", "nonesuch"], 1, "nonesuch"),
        (["caption", "{photo}", "--beam-size", "0", "--model", "{model}"], 2, "beam_size"),
        (["caption", "{photo}", "--device", "abacus", "--model", "{model}"], 2, "abacus"),
        (["train", "{empty}/none.toml"], 2, "none.toml"),
        (["train", "coco"], 2, "data.captions"),
        (
            ["translate", "--input", "{photo}", "--output", "{photo}", "--model", "{model}"],
            2,
            "is what is translated",
        ),
        (["train", "coco", "training.epochs=many"], 2, "training.epochs"),
        (
            ["evaluate", "captions", "--images", "{empty}", "--references", "{empty}/none.csv"],
            1,
            "none.csv",
        ),
        (["app", "--model", "{empty}"], 1, "no config.json"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else None,
)
def test_wrong_use_is_one_message_and_a_status(
    run, model_folder, photos, tmp_path, arguments, status, message
):
    (tmp_path / "empty").mkdir()
    places = {"photo": photos[0], "model": model_folder, "empty": tmp_path / "empty"}
    got, out, err = run(*(argument.format(**places) for argument in arguments))
    assert (got, out) == (status, "")
    assert message in err and "Traceback" not in err


def test_evaluate_prints_a_table_or_one_object(run, model_folder, caption_set, tmp_path):
    data = [
        "--images",
        caption_set["images"],
        "--references",
        caption_set["captions"],
        "--split",
        caption_set["val_split"],
    ]
    results = tmp_path / "results.json"
    status, out, err = run(
        "evaluate", "captions", *data, "--model", model_folder, "--json", "--output", results
    )
    assert (status, err) == (0, "")
    told = json.loads(out)
    assert list(told["scores"]) == ["BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "ROUGE-L", "CIDEr"]
    assert told["num_images"] == len(json.loads(results.read_text())) == 2
    assert "tok:ptb" in told["signature"]
    status, out, _ = run("evaluate", "captions", *data, "--model", model_folder)
    assert status == 0 and "CIDEr" in out and told["signature"] in out


def test_train_writes_a_model_that_captions(run, tiny_config, photos, tmp_path):
    sections = tiny_config().model_dump(exclude_none=True)
    overrides = [
        f"{section}.{key}={json.dumps(list(value) if isinstance(value, tuple) else value)}"
        for section, fields in sections.items()
        for key, value in fields.items()
    ]
    (tmp_path / "empty.toml").write_text("", encoding="utf-8")
    status, out, err = run("train", tmp_path / "empty.toml", *overrides)
    assert status == 0, err
    assert "epoch 2/2" in out and f"{tmp_path}/run/best" in out
    status, out, _ = run("caption", photos[0], "--model", tmp_path / "run" / "best")
    assert status == 0 and out.startswith(f"{photos[0]}\t")
    status, _, err = run("train", tmp_path / "empty.toml", *overrides)
    assert status == 1 and "--resume" in err


HOMES = [
    (["caption", "--model=~/model", "--output=~/out.jsonl", "~/photos/*.png"], "out.jsonl"),
    (["caption", "--model=~/model", "~/photos", "--explain=~/looks"], "looks/photo.png.png"),
    (
        ["caption", "--model", "~/model", "--output", "~/photos/metadata.jsonl", "~/photos"],
        "photos/metadata.jsonl",
    ),
    (
        [
            "score",
            "--references=~/a.csv",
            "--hypotheses=~/a.csv",
            "--report=~/page.html",
            "--split=~/list.txt",
        ],
        "page.html",
    ),
    (["demo", "--model=~/model", "--output=~/demo.html"], "demo.html"),
    (["translate", "--model=~/en-de", "--input=~/lines.txt", "--output=~/lines.de"], "lines.de"),
    (
        [
            "evaluate",
            "captions",
            "--images=~/photos",
            "--references=~/a.csv",
            "--model=~/model",
            "--output=~/r.json",
        ],
        "r.json",
    ),
]


@pytest.mark.parametrize(
    ("command", "written"), HOMES, ids=lambda value: value[0] if isinstance(value, list) else value
)
def test_a_tilde_that_no_shell_has_read_is_the_home(
    run, model_folder, sentence_model_folder, photos, tmp_path, monkeypatch, command, written
):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "photo.png").write_bytes(photos[0].read_bytes())
    (tmp_path / "a.csv").write_text("image,caption\nphoto.png,a red photo\n")
    (tmp_path / "list.txt").write_text("photo.png\n")
    (tmp_path / "lines.txt").write_text("two dogs\n")
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    monkeypatch.setenv("HOME", str(tmp_path))
    status, _, err = run(*command)
    assert status == 0, err
    assert (tmp_path / written).is_file() and not [*(tmp_path / "cwd").iterdir()]


def test_a_tilde_in_a_text_is_a_tilde(run, model_folder, photos, tmp_path):
    (tmp_path / "a.png").write_bytes(photos[0].read_bytes())
    run("caption", tmp_path, "--model", model_folder, "--sidecar", "--prefix=~", "--trigger=~")
    assert (tmp_path / "a.txt").read_text().startswith("~, ~")


@pytest.mark.parametrize(
    "command", [["train", "~nobody-of-this-name/x.toml"], ["caption", "~nobody-of-this-name/x"]]
)
def test_an_unknown_home_is_a_message(run, model_folder, command):
    status, _, err = run(*command, *(["--model", model_folder] if command[0] == "caption" else []))
    assert status and "~nobody-of-this-name/x" in err and "Traceback" not in err
