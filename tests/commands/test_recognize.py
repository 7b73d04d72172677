"""`recognize`, and `caption` and `evaluate actions` on clips: rows, pictures, resume, and
messages for mistakes.
"""

import csv
import json

import pytest
from PIL import Image

from captioner.model.captioner_model import CaptionerModel
from captioner.pipeline import load


@pytest.fixture
def expected(video_model_folder, clip_folder) -> dict[str, str]:
    files = sorted(clip_folder.glob("*/*.mp4"))
    results = load(video_model_folder, device="cpu").recognize(files)
    return {str(file): result.label for file, result in zip(files, results, strict=True)}


def test_labels_are_printed_with_their_probabilities(
    run, video_model_folder, clip_folder, expected
):
    status, out, err = run("recognize", clip_folder, "--top", 2, "--model", video_model_folder)
    assert (status, err) == (0, "")
    rows = [line.split("\t") for line in out.splitlines()]
    assert [row[0] for row in rows] == [file for file in sorted(expected) for _ in range(2)]
    assert {row[0]: row[1] for row in rows[::2]} == expected
    assert all(
        0 <= float(second[2]) <= float(first[2]) <= 1
        for first, second in zip(rows[::2], rows[1::2], strict=True)
    )


def test_rows_tables_pages_and_pictures_are_written(
    run, video_model_folder, clip_folder, expected, tmp_path
):
    outputs = [tmp_path / f"out.{suffix}" for suffix in ("jsonl", "csv", "html", "parquet")]
    options = [part for output in outputs for part in ("--output", output)]
    options += ["--top", 2, "--explain", tmp_path / "looks", "--model", video_model_folder]
    status, out, err = run("recognize", clip_folder / "TurnBlue", *options)
    assert (status, out) == (0, "")
    assert "recognized 6 of 6 clips" in err
    expected = {file: label for file, label in expected.items() if "TurnBlue_" in file}
    rows = [json.loads(line) for line in outputs[0].read_text().splitlines()]
    assert {row["file"]: row["label"] for row in rows} == expected
    assert all(row["model"] == "turns" and row["error"] is None for row in rows)
    assert list(rows[0]) == [
        "file",
        "label",
        "log_prob",
        "probability",
        "candidates",
        "model",
        "error",
    ]
    assert [sorted(one) for one in rows[0]["candidates"]] == [
        ["label", "log_prob", "probability"]
    ] * 2
    assert rows[0]["candidates"][0]["probability"] == rows[0]["probability"]
    with outputs[1].open(newline="") as stream:
        assert {row["file"]: row["label"] for row in csv.DictReader(stream)} == expected
    page = outputs[2].read_text()
    assert page.count("data:image/jpeg") == 6 and "6 clips recognized by turns" in page
    looks = sorted((tmp_path / "looks").rglob("*.png"))
    assert len(looks) == 6
    assert looks[0].name == "v_TurnBlue_g01_c01.mp4.png" and Image.open(looks[0]).width > 600


@pytest.mark.parametrize("command", ["recognize", "caption"])
def test_an_output_that_cannot_be_is_named_before_a_model_is_loaded(
    run, video_model_folder, clip_folder, command, tmp_path, monkeypatch
):
    monkeypatch.setattr(CaptionerModel, "from_pretrained", lambda *_, **__: pytest.fail("loaded"))
    nowhere = tmp_path / "not" / "there" / "out.txt"
    status, out, err = run(command, clip_folder, "--output", nowhere, "--model", video_model_folder)
    assert (status, out) == (2, "")
    assert str(nowhere) in err


def test_a_broken_clip_stops_nothing_and_resume_goes_on(
    run, video_model_folder, write_clip, tmp_path
):
    write_clip(tmp_path / "clips" / "b.mp4", [(90, 90, 90)] * 3)
    (tmp_path / "clips" / "a.mp4").write_bytes(b"no clip")
    output = tmp_path / "out.jsonl"
    given = ["recognize", tmp_path / "clips", "--output", output, "--model", video_model_folder]
    status, out, err = run(*given)
    assert (status, out) == (1, "")
    assert (
        "a.mp4: not a clip that can be read" in err
        and "1 of 2 clips could not be recognized" in err
    )
    broken, whole = map(json.loads, output.read_text().splitlines())
    assert (broken["label"], broken["probability"], broken["error"]["type"]) == (
        None,
        None,
        "UnsupportedFileError",
    )
    assert whole["label"] in ("TurnRed", "TurnBlue")
    status, _, err = run(*given, "--resume")  # what failed is tried again
    assert status == 1 and "1 of 2 clips could not be recognized" in err
    assert [json.loads(line) for line in output.read_text().splitlines()] == [broken, whole]


def test_caption_describes_clips_with_a_model_of_clips(
    run, video_model_folder, clip_folder, expected, tmp_path
):
    output = tmp_path / "out.jsonl"
    status, _, err = run(
        "caption", clip_folder, "--model", video_model_folder, "--output", output, "--show"
    )
    assert status == 0 and "captioned 12 of 12 clips" in err
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    assert {row["file"]: row["caption"] for row in rows} == expected


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["recognize"], 2, "Missing argument"),
        (["recognize", "{empty}"], 2, "no clips there"),
        (["recognize", "{clips}", "--model", "{photos}"], 1, "captioner caption"),
        (
            ["recognize", "{clips}", "--output", "a.json", "--model", "{model}"],
            2,
            "no format of labels has",
        ),
        (["recognize", "{clips}", "--resume", "--model", "{model}"], 2, "--output"),
        (
            ["caption", "{clip}", "--model", "{photos}"],
            1,
            "a model of video captions describes clips",
        ),
        (["caption", "{clips}", "--model", "{photos}"], 2, "no photos there"),
        (
            ["caption", "{clips}", "--model", "{model}", "--engine", "onnx"],
            2,
            "clips are captioned by torch",
        ),
        (["evaluate", "actions", "--videos", "{empty}", "--model", "{model}"], 1, "holds no clips"),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else None,
)
def test_wrong_use_is_one_message_and_a_status(
    run, video_model_folder, model_folder, clip_folder, tmp_path, arguments, status, message
):
    (tmp_path / "empty").mkdir()
    places = {
        "empty": tmp_path / "empty",
        "clips": clip_folder,
        "clip": next(clip_folder.glob("*/*.mp4")),
        "model": video_model_folder,
        "photos": model_folder,
    }
    got, out, err = run(*(argument.format(**places) for argument in arguments))
    assert (got, out) == (status, "")
    assert message in err and "Traceback" not in err


def test_evaluate_counts_what_is_right_and_draws_the_rest(
    run, video_model_folder, clip_folder, expected, tmp_path
):
    picture, output = tmp_path / "confusions.png", tmp_path / "out.jsonl"
    given = ["evaluate", "actions", "--videos", clip_folder, "--model", video_model_folder]
    status, out, _ = run(*given, "--json", "--confusions", picture, "--output", output)
    told = json.loads(out)
    right = sum(label in file for file, label in expected.items())
    assert (status, told["num_clips"]) == (0, 12)
    assert told["scores"]["accuracy"] == pytest.approx(100 * right / 12)
    assert told["scores"]["top-5 accuracy"] == 100
    assert told["intervals"]["accuracy"]["low"] < told["scores"]["accuracy"] + 1e-9
    assert Image.open(picture).width > 300
    assert len(output.read_text().splitlines()) == 12
    (tmp_path / "list.txt").write_text("TurnRed/v_TurnRed_g01_c01.avi\n")
    status, out, _ = run(*given, "--split", tmp_path / "list.txt")
    assert status == 0 and out.startswith("accuracy") and "1 clips, classes:1" in out


def test_evaluate_scores_captions_of_clips(
    run, video_model_folder, clip_folder, expected, tmp_path
):
    rows = [{"video": file, "caption": [f"{label} now", label]} for file, label in expected.items()]
    (tmp_path / "captions.json").write_text(json.dumps(rows))
    given = [
        "evaluate",
        "video-captions",
        "--videos",
        clip_folder,
        "--references",
        tmp_path / "captions.json",
    ]
    status, out, _ = run(
        *given, "--model", video_model_folder, "--json", "--output", tmp_path / "results.json"
    )
    told = json.loads(out)
    assert (status, told["num_images"]) == (0, 12)
    assert told["scores"]["BLEU-1"] == pytest.approx(100)
    assert {row["image_id"] for row in json.loads((tmp_path / "results.json").read_text())} == {
        file.rpartition("/")[2].removesuffix(".mp4") for file in expected
    }
    status, _, err = run(*given)
    assert status == 2 and "--model" in err
