"""`evaluate` has a command for each task, which takes no option of another; earlier spellings
still work.
"""

import json

import pytest


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "video-captions"),
        (["captions"], "Missing option '--images'"),
        (["captions", "--images", "a"], "Missing option '--references'"),
        (["captions", "--videos", "a"], "No such option: --videos"),
        (
            ["captions", "--images", "a", "--references", "b", "--references", "c"],
            "one file holds all",
        ),
        (["video-captions", "--videos", "a", "--references", "b"], "Missing option '--model'"),
        (
            ["translations", "--source", "a", "--references", "a", "--split", "val"],
            "No such option: --split",
        ),
        (["transcripts", "--recordings", "a", "--references", "b"], "No such option: --references"),
        (
            ["transcripts", "--recordings", "a", "--confusions", "a.png"],
            "No such option: --confusions",
        ),
        (["actions", "--videos", "a", "--beam-size", "3"], "No such option: --beam-size"),
        (["--images", "a"], "Missing option '--references'"),
        (["nothing"], "No such command 'nothing'"),
        (["--nothing"], "No such option: --nothing"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_an_option_of_another_task_is_refused(run, arguments, message):
    status, out, err = run("evaluate", *arguments)
    assert (status, out) == (2, "")
    assert message in err and "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "task"),
    [
        (["--images={none}", "--references", "{none}"], "captions"),
        (["--source", "{none}", "--references", "{none}"], "translations"),
        (["--recordings", "{none}"], "transcripts"),
        (["--json", "--videos", "{none}"], "actions"),
        (["--videos", "{none}", "--references", "{none}", "--model", "actions"], "video-captions"),
    ],
)
def test_options_without_a_task_are_still_understood_with_a_warning(run, tmp_path, arguments, task):
    given = [argument.format(none=tmp_path / "none.csv") for argument in arguments]
    status, _, err = run("evaluate", *given)
    assert status == 1
    assert f"write `captioner evaluate {task} ...`" in err and "none.csv" in err.splitlines()[-1]
    assert run("evaluate", task, *given) == (status, "", "".join(err.splitlines(keepends=True)[1:]))


def test_earlier_spelling_measures_the_same(run, speech_model_folder, spoken_digits):
    given = ["--recordings", spoken_digits, "--model", speech_model_folder, "--json"]
    status, out, err = run("evaluate", *given)
    assert status == 0 and "evaluate transcripts" in err
    assert json.loads(run("evaluate", "transcripts", *given)[1]) == json.loads(out)
