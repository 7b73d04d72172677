"""`transcribe` and `evaluate transcripts` as their users see them: what is printed and written,
the exit status.
"""

import json

import pytest

from captioner.batch import recordings
from captioner.errors import OutputError
from captioner.pipeline import Transcriber, load_transcriber


@pytest.fixture
def expected(speech_model_folder, spoken_digits) -> dict[str, str]:
    """What the tiny model says of each file."""
    files = sorted(spoken_digits.iterdir())
    results = load_transcriber(speech_model_folder, device="cpu").transcribe(files)
    return {str(file): result.text for file, result in zip(files, results, strict=True)}


def test_a_folder_is_transcribed_one_a_line(run, speech_model_folder, spoken_digits, expected):
    status, out, err = run("transcribe", spoken_digits, "--model", speech_model_folder)
    assert (status, err) == (0, "")
    assert dict(line.split("\t") for line in out.splitlines()) == expected


def test_globs_and_files_are_found_once(run, speech_model_folder, spoken_digits, expected):
    first = spoken_digits / "0_ann_0.wav"
    status, out, _ = run(
        "transcribe", first, spoken_digits / "0_*.wav", "--model", speech_model_folder
    )
    assert status == 0
    assert len(out.splitlines()) == 6 and out.startswith(f"{first}\t{expected[str(first)]}\n")


def test_rows_and_lines_are_written(
    run, speech_model_folder, spoken_digits, expected, tmp_path, monkeypatch
):
    monkeypatch.setattr(recordings, "FILES_TOGETHER", 4)
    rows, lines = tmp_path / "out.jsonl", tmp_path / "out.txt"
    options = [
        "--output",
        rows,
        "--output",
        lines,
        "--num-transcripts",
        2,
        "--model",
        speech_model_folder,
    ]
    status, out, err = run("transcribe", spoken_digits, *options)
    assert (status, out) == (0, "") and "transcribed 18 of 18 recordings" in err
    written = [json.loads(line) for line in rows.read_text().splitlines()]
    assert {row["file"]: row["text"] for row in written} == expected
    assert [row["file"] for row in written] == sorted(expected)
    assert all(len(row["candidates"]) == 2 and row["model"] == "speech" for row in written)
    assert all(0.2 < row["duration_s"] < 0.4 and len(row["segments"]) <= 1 for row in written)
    times = [
        cue[name] for row in written for cue in row["segments"] for name in ("start_s", "end_s")
    ]
    assert times and all(time == round(time, 3) for time in times)
    assert lines.read_text().splitlines() == [expected[file] for file in sorted(expected)]


def test_subtitles_are_written(run, speech_model_folder, spoken_digits, expected, tmp_path):
    file = spoken_digits / "1_bob_1.wav"
    outputs = [tmp_path / "out.srt", tmp_path / "out.vtt"]
    options = [part for output in outputs for part in ("--output", output)]
    assert run("transcribe", file, *options, "--model", speech_model_folder)[:2] == (0, "")
    assert outputs[0].read_text().startswith("1\n00:00:00,000 --> 00:00:00,")
    assert outputs[1].read_text().startswith("WEBVTT\n\n00:00:00.000 --> ")
    for output in outputs:
        assert expected[str(file)] in output.read_text()


def test_a_broken_file_stops_nothing_and_is_told(
    run, speech_model_folder, spoken_digits, expected, tmp_path
):
    (spoken_digits / "0_ann_1.wav").write_text("no sound")
    output = tmp_path / "out.jsonl"
    status, out, err = run(
        "transcribe", spoken_digits, "--output", output, "--model", speech_model_folder
    )
    assert (status, out) == (1, "")
    assert (
        "0_ann_1.wav: not a recording" in err
        and "1 of 18 recordings could not be transcribed" in err
    )
    rows = {row["file"]: row for row in map(json.loads, output.read_text().splitlines())}
    assert rows.keys() == expected.keys()
    failed = rows.pop(str(spoken_digits / "0_ann_1.wav"))
    assert (failed["text"], failed["error"]["type"]) == (None, "UnsupportedFileError")
    assert all(row["text"] == expected[file] for file, row in rows.items())
    assert run("transcribe", tmp_path / "none.wav", "--model", speech_model_folder)[0] == 1


def test_a_run_that_broke_off_is_gone_on_with(
    run, speech_model_folder, spoken_digits, expected, tmp_path, monkeypatch
):
    monkeypatch.setattr(recordings, "FILES_TOGETHER", 4)
    output = tmp_path / "out.jsonl"
    given = ["transcribe", spoken_digits, "--output", output, "--model", speech_model_folder]
    whole = Transcriber.transcribe_samples
    heard = []

    def break_off(self, recordings, search):
        heard.extend(recordings)
        if len(heard) > 12:
            raise OutputError("the disk is gone")
        return whole(self, recordings, search)

    with monkeypatch.context() as patch:
        patch.setattr(Transcriber, "transcribe_samples", break_off)
        assert run(*given)[0] == 1
    assert not output.exists()
    status, _, err = run(*given)
    assert status == 2 and "continue it with --resume" in err
    heard.clear()
    with monkeypatch.context() as patch:
        patch.setattr(
            Transcriber,
            "transcribe_samples",
            lambda *given: heard.extend(given[1]) or whole(*given),
        )
        assert run(*given, "--resume")[0] == 0
    assert (
        len(heard) == 10
    )  # the last batch that was written is done again, for want of knowing that it was whole
    written = [json.loads(line) for line in output.read_text().splitlines()]
    assert {row["file"]: row["text"] for row in written} == expected and len(written) == len(
        expected
    )
    assert run(*given, "--resume")[2].endswith("without --resume it is made again\n")


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["transcribe"], 2, "Missing argument"),
        (["transcribe", "{empty}"], 2, "no recordings there"),
        (["transcribe", "{digits}", "--output", "a.srt"], 2, "subtitles are of one recording"),
        (["transcribe", "{digits}", "--output", "a.doc"], 2, ".txt, .srt, .vtt"),
        (["transcribe", "{digits}", "--resume", "--model", "{model}"], 2, "add --output"),
        (["transcribe", "{digits}", "--model", "nonesuch"], 1, "nonesuch"),
        (["transcribe", "{digits}", "--model", "{photos}"], 1, "captioner caption"),
        (["transcribe", "{digits}", "--model", "{model}", "--beam-size", "0"], 2, "beam_size"),
        (
            ["evaluate", "transcripts", "--recordings", "{empty}", "--model", "{model}"],
            1,
            "holds no recordings",
        ),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else None,
)
def test_wrong_use_is_one_message_and_a_status(
    run, speech_model_folder, model_folder, spoken_digits, tmp_path, arguments, status, message
):
    (tmp_path / "empty").mkdir()
    places = {
        "empty": tmp_path / "empty",
        "digits": spoken_digits,
        "model": speech_model_folder,
        "photos": model_folder,
    }
    got, out, err = run(*(argument.format(**places) for argument in arguments))
    assert (got, out) == (status, "")
    assert message in err and "Traceback" not in err


def test_evaluate_prints_error_rates_with_intervals(
    run, speech_model_folder, spoken_digits, expected, tmp_path
):
    output = tmp_path / "out.jsonl"
    given = [
        "evaluate",
        "transcripts",
        "--recordings",
        spoken_digits,
        "--model",
        speech_model_folder,
    ]
    status, out, err = run(*given, "--json", "--output", output)
    assert (status, err) == (0, "")
    told = json.loads(out)
    assert told["num_recordings"] == 18
    assert (
        told["intervals"]["WER"]["low"] <= told["scores"]["WER"] <= told["intervals"]["WER"]["high"]
    )
    assert [json.loads(line)["text"] for line in output.read_text().splitlines()] == list(
        expected.values()
    )
    status, out, _ = run(*given)
    assert [line.split()[0] for line in out.splitlines()[:3]] == ["WER", "CER", "18"]
    assert "jiwer" in out


def test_evaluate_finds_no_fault_with_a_models_own_transcripts(
    run, speech_model_folder, expected, tmp_path
):
    rows = [f"{file},{text}" for file, text in expected.items() if text]
    (tmp_path / "own.csv").write_text("\n".join(["audio,text", *rows]) + "\n")
    given = ["--recordings", tmp_path / "own.csv", "--model", speech_model_folder, "--json"]
    status, out, _ = run("evaluate", "transcripts", *given)
    assert status == 0 and rows
    assert json.loads(out)["scores"]["WER"] == 0
