"""Runs that the system kills at random moments, in processes of their own, and that are gone on
with to the end.

Three kills unless the environment's CAPTIONER_KILLS says more.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

RUN = """
import sys, time
from pathlib import Path
from types import SimpleNamespace
from PIL import Image
from captioner.config import SearchConfig
from captioner.batch import Destinations, Run, caption_batches, find_photos
from captioner.outputs import SidecarWriter

class Preprocess:
    def read(self, file):
        return Image.new("RGB", (1, 1))
    def __call__(self, image):
        return image

class Captioner:
    name, num_streams, preprocess = "fake", 2, Preprocess()
    def caption_images(self, images, search):
        time.sleep(0.005)
        one = SimpleNamespace(text="a photo", log_prob=-1.0, calibrated=None)
        result = SimpleNamespace(text="a photo", log_prob=-1.0, candidates=(one,), concepts=(),
            language="en")
        return [result for _ in images]

folder = Path(sys.argv[1])
files = find_photos([folder / "photos"]).files
outputs = [folder / f"out{suffix}" for suffix in (".jsonl", ".csv", ".json")]
to = Destinations(outputs, SidecarWriter(files, "append"))
captioner = Captioner()
print("begun", flush=True)
Run(files, to, resume=True).execute(
    lambda todo, stop: caption_batches(captioner, todo, SearchConfig(), 4, stop), {"model": "fake"}
)
"""


def start(folder: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_killed_at_random_moments_nothing_is_lost_and_nothing_is_there_twice(tmp_path):
    num_kills = int(os.environ.get("CAPTIONER_KILLS", "3"))
    num_photos = 250 * num_kills
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(num_photos):
        (photos / f"{number:05d}.jpg").touch()
        (photos / f"{number:05d}.txt").write_text("sks\n", encoding="utf-8")
    rng = random.Random(7)
    kills = 0
    while kills < num_kills:
        process = start(tmp_path)
        assert process.stdout.readline() == "begun\n", process.communicate()[1]
        time.sleep(rng.uniform(0, 0.3))
        process.send_signal(signal.SIGKILL)
        kills += process.wait() == -signal.SIGKILL
        process.communicate()
        if (tmp_path / "out.json").exists():
            break  # it was too fast to be killed so often
    last = start(tmp_path)
    _, errors = last.communicate(timeout=120)
    assert last.returncode == 0, errors
    assert kills >= min(num_kills, 3)
    rows = [
        json.loads(line)
        for line in (tmp_path / "out.jsonl").read_text(encoding="ascii").splitlines()
    ]
    assert Counter(row["file"] for row in rows) == Counter(
        str(path) for path in photos.glob("*.jpg")
    )
    assert len((tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()) == num_photos + 1
    assert len(json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))) == num_photos
    assert {path.read_text(encoding="utf-8") for path in photos.glob("*.txt")} == {"sks, a photo\n"}
    names = {"photos", "out.jsonl", "out.csv", "out.json"}
    assert {path.name for path in tmp_path.iterdir()} == names
    assert not list(photos.glob("*.part"))
