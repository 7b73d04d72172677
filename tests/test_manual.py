"""The commands of README and manual run as they stand, in a folder that has what they name."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from captioner.cli import app
from captioner.pretrained.samples import sample_clip, sample_photos

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
# What a command needs that does not ship: by what it says, in this order.
NEEDS = {
    r"venv|docker": "an installation",
    r"captioner (app|serve)": "to be stopped",
    r"captioner train": "training data",
    r"captioner evaluate|--images|coco|ours\.json|captions_val2017": "labelled data",
    r"hf:|https?:": "the network",
    r"MODEL|runs/mine|DIR|--calibration": "a model or a folder of one's own",
}


def commands(page: Path) -> list[str]:
    """Each line of the indented blocks that calls captioner, without its comment."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    calls = [re.sub(r"\s+#.*", "", line) for line in lines]
    return [call for call in calls if re.search(r"(^|[&|] *)captioner ", call)]


def need(command: str) -> str | None:
    return next((what for pattern, what in NEEDS.items() if re.search(pattern, command)), None)


ALL = list(dict.fromkeys(command for page in PAGES for command in commands(page)))
RUNNABLE = [command for command in ALL if need(command) is None]


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """A folder with what the manual's commands name."""
    folder = tmp_path_factory.mktemp("manual")
    photo, *_ = photos = sample_photos()
    for place in ("photos", "holiday/beach", "clips", "recordings"):
        (folder / place).mkdir(parents=True)
    for one in photos:
        shutil.copy(one, folder / "photos")
    shutil.copy(photo, folder / "photo.jpg")
    shutil.copy(photo, folder / "holiday" / "beach" / "photo.jpg")
    shutil.copy(sample_clip(), folder / "clip.mp4")
    shutil.copy(sample_clip(), folder / "clips" / "clip.mp4")
    noise = np.random.default_rng(0).normal(0, 0.1, 8000)
    for name in ("call.wav", "call.mp3", "recordings/call.wav"):
        soundfile.write(folder / name, noise, 8000)
    (folder / "sentences.en").write_text("Two dogs run.\nA man sits on a bench.\n")
    (folder / "film.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\nTwo dogs run.\n")
    (folder / "references.csv").write_text("image,caption\nphoto.jpg,a dog runs\n")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("command", RUNNABLE)
def test_a_command_of_the_manual_runs(command, files, monkeypatch):
    monkeypatch.chdir(files)
    (files / "captions.jsonl").unlink(missing_ok=True)  # of another command
    if "--hypotheses captions.jsonl" in command:
        row = '{"file": "photo.jpg", "caption": "a dog runs", "error": null}\n'
        (files / "captions.jsonl").write_text(row)
        command = command.replace(",meteor", "")  # needs Java
    is_shell = re.search("[<|]", command) is not None
    status, output = (in_a_shell if is_shell else in_this_process)(command)
    assert status == 0, output
    assert output or any(word in command for word in ("--output", "--input", "--sidecar"))


def in_this_process(command: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, shlex.split(command)[1:])
    return done.exit_code, done.output or str(done.exception or "")


def in_a_shell(command: str) -> tuple[int, str]:
    script = f'captioner() {{ {sys.executable} -m captioner "$@"; }}\nset -eo pipefail\n{command}'
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout or done.stderr


def test_most_pages_have_commands_that_run_without_data():
    kinds = {command.split("captioner ")[1].split()[0] for command in RUNNABLE}
    assert kinds >= {"caption", "recognize", "transcribe", "translate", "score"}
