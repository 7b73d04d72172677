"""Two processes against one."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from captioner.training import train
from captioner.training.trainer import build_accelerator

RUN = """
import sys
from accelerate import PartialState
from captioner.config import PhotoConfig
from captioner.training import train
config, resume = sys.argv[1:]
train(PhotoConfig.model_validate_json(config), resume=resume == "resume")
assert PartialState().num_processes == 2
"""
NO_DROPOUT = {"decoder": {"dropout": 0.0}}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("localhost", 0))
        return int(listener.getsockname()[1])


def launch(config: object, script: Path, resume: str = "") -> str:
    script.write_text(RUN)
    environment = os.environ | {"OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}
    # What `accelerate launch` runs on several GPUs; with --cpu it starts one process alone.
    launcher = [
        sys.executable,
        *("-m", "torch.distributed.run", "--nproc_per_node=2", f"--master_port={free_port()}"),
    ]
    done = subprocess.run(
        [*launcher, str(script), config.model_dump_json(), resume],
        env=environment, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def history(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("encoder", "training"),
    [
        ({"dropout": 0.0}, {"batch_size": 5, "coverage_penalty": 0.5}),
        ({"dropout": 0.0, "trainable_from": 3}, {"batch_size": 4, "accumulation_steps": 2}),
    ],
    ids=["frozen, one process without a photo", "fine-tuned, accumulated"],
)
def test_two_processes_give_the_losses_of_one(
    tiny_config, tmp_path, final_weights, encoder, training
):
    settings = {"epochs": 3, "learning_rate": 0.003, "average_last": 2} | training
    one, two = tmp_path / "one", tmp_path / "two"
    train(tiny_config(encoder=encoder, training=settings | {"output": str(one)}, **NO_DROPOUT))
    config = tiny_config(encoder=encoder, training=settings | {"output": str(two)}, **NO_DROPOUT)
    output = launch(config, tmp_path / "run.py")
    assert output.count("\nepoch ") == 2 and output.count("too few for CIDEr") == 1
    assert [e["loss"] for e in history(two)] == pytest.approx(
        [e["loss"] for e in history(one)], rel=1e-5
    )
    assert [e["CIDEr"] for e in history(two)] == pytest.approx([e["CIDEr"] for e in history(one)])
    expected = final_weights(one)
    for name, tensor in final_weights(two).items():
        torch.testing.assert_close(tensor, expected[name], atol=1e-3, rtol=1e-2)
    assert (
        load_file(two / "best" / "model.safetensors").keys()
        == load_file(one / "best" / "model.safetensors").keys()
    )


@pytest.mark.slow
def test_two_processes_go_on_with_a_run(tiny_config, tmp_path, final_weights, interrupted):
    one, two = tmp_path / "one", tmp_path / "two"
    sections = {"encoder": {"dropout": 0.0}, **NO_DROPOUT}
    settings = {"epochs": 3, "learning_rate": 0.003, "checkpoint_every_s": 1e-9}
    train(tiny_config(training=settings | {"output": str(one)}, **sections))
    config = tiny_config(training=settings | {"output": str(two)}, **sections)
    interrupted(config, update=3)
    launch(config, tmp_path / "run.py", "resume")
    assert [e["loss"] for e in history(two)] == pytest.approx(
        [e["loss"] for e in history(one)], rel=1e-5
    )
    expected = final_weights(one)
    for name, tensor in final_weights(two).items():
        torch.testing.assert_close(tensor, expected[name], atol=1e-3, rtol=1e-2)


@pytest.mark.parametrize("texts", [[], ["texts.txt"]])
def test_captions_without_photos_may_leave_weights_without_a_gradient(tiny_config, texts):
    config = tiny_config(data={"texts": texts}, encoder={"concepts": 1})
    handler = build_accelerator(config).ddp_handler
    assert handler is not None and handler.find_unused_parameters == bool(texts)
