"""What a run leaves in its folder, pictures included."""

import json
import os

import torch

from captioner.model.captioner_model import CaptionerModel
from captioner.training import train
from captioner.training.checkpoints import list_checkpoints


def test_loss_falls_and_everything_is_written(tiny_config, tmp_path, capsys):
    settings = {"epochs": 5, "batch_size": 2, "learning_rate": 0.05, "label_smoothing": 0.0}
    best = train(tiny_config(encoder={"dropout": 0.0}, decoder={"dropout": 0.0}, training=settings))
    run = tmp_path / "run"
    entries = [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]
    losses = [entry["loss"] for entry in entries]
    assert [entry["epoch"] for entry in entries] == [1, 2, 3, 4, 5]
    assert losses[-1] < losses[0] - 0.5
    assert entries[-1].keys() >= {"BLEU-4", "CIDEr", "learning_rate"}
    assert (run / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert list((run / "tensorboard").glob("events.out.tfevents.*"))
    assert best == run / "best"
    assert {"README.md", "model.safetensors", "config.json", "tokenizer.json"} <= {
        path.name for path in best.iterdir()
    }
    assert json.loads((best / "config.json").read_text())["dtype"] == "float16"
    assert (best / "curves.png").read_bytes() == (run / "curves.png").read_bytes()
    assert not (run / "best.part").exists()
    assert len(list_checkpoints(run / "checkpoints")) == 2
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert sum(line.startswith("epoch ") for line in lines) == 5
    assert len(lines) == 6 and "2 validation photos are too few" in lines[1]
    assert printed.out.startswith("epoch 1/5: loss ")
    assert printed.err == ""
    assert CaptionerModel.from_pretrained(best).generate(torch.zeros(1, 3, 32, 64)).shape[0] == 1


def test_a_run_goes_on_where_nobody_reads_what_it_prints(tiny_config, tmp_path, monkeypatch):
    """As in `captioner train ... | head -1`."""
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as gone:
        monkeypatch.setattr("sys.stdout", gone)
        best = train(tiny_config(training={"epochs": 2}))
    assert (best / "model.safetensors").is_file()
    assert len((tmp_path / "run" / "history.jsonl").read_text().splitlines()) == 2
