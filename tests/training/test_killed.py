"""A run that the system kills, and the same run gone on with, in processes of their own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from captioner.training import train

RUN = """
import sys, time
from captioner.config import PhotoConfig
from captioner.training import train, updates

original = updates.Updates._update
def slow(self, *arguments):
    time.sleep(float(sys.argv[2]))
    return original(self, *arguments)
updates.Updates._update = slow
train(PhotoConfig.model_validate_json(sys.argv[1]), resume=sys.argv[3:] == ["resume"])
"""


def start(config: object, pause_s: float, *resume: str) -> subprocess.Popen[bytes]:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-c", RUN, config.model_dump_json(), str(pause_s), *resume],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while not path.exists():
        assert process.poll() is None, process.communicate()[1].decode()
        assert time.monotonic() < deadline, f"{path} does not appear"
        time.sleep(0.01)


@pytest.mark.slow
def test_killed_twice_and_gone_on_with_to_the_same_weights(tiny_config, tmp_path, final_weights):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    settings = {"epochs": 4, "batch_size": 2}
    train(tiny_config(training=settings | {"output": str(whole)}))
    config = tiny_config(training=settings | {"output": str(killed), "checkpoint_every_s": 1e-9})
    for checkpoint, resume in (("0000-000002", ()), ("0002-000001", ("resume",))):
        process = start(config, 0.2, *resume)
        wait_for(killed / "checkpoints" / checkpoint, process)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        process.communicate()
    last = start(config, 0.0, "resume")
    output, errors = last.communicate(timeout=120)
    assert last.returncode == 0, errors.decode()
    assert output.decode().count("epoch") == 2
    expected, weights = final_weights(whole), final_weights(killed)
    assert expected.keys() == weights.keys()
    assert all(torch.equal(tensor, expected[name]) for name, tensor in weights.items())
    assert (killed / "history.jsonl").read_text() == (whole / "history.jsonl").read_text()
