"""A run on recordings: it learns, stops and goes on, keeps the best, and writes what uses it."""

import json
import shutil

import pytest
import torch
from huggingface_hub import ModelCard
from safetensors.torch import load_file

from captioner.config import load_config
from captioner.errors import ConfigError, EmptyDataError
from captioner.pipeline import Transcriber, load
from captioner.training import initial_model, run_folder, train
from captioner.training.checkpoints import load_checkpoint
from captioner.training.speech_task import SpeechTask
from captioner.training.trainer import Trainer


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch):
    """Drawing would take most of the time; test_run_folder.py looks at the pictures."""
    monkeypatch.setattr(run_folder, "draw_curves", lambda path, *_: path.touch())
    monkeypatch.setattr(run_folder, "write_events", lambda *_: None)


def history(run):
    return [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]


def same(first, second) -> bool:
    return first.keys() == second.keys() and all(
        torch.equal(first[name], second[name]) for name in first
    )


@pytest.mark.slow
def test_three_tones_are_learnt(speech_config, spoken_digits):
    quiet = {
        "max_concatenated": 1,
        "num_concatenated": 60,
        "num_val_concatenated": 0,
        "num_masks": 0,
        "max_speed_change": 0.02,
    }
    config = speech_config(
        data=quiet,
        encoder={"dropout": 0.0},
        decoder={"dropout": 0.0},
        training={"epochs": 12, "label_smoothing": 0.0, "patience": 12},
    )
    transcriber = load(train(config), device="cpu")
    assert isinstance(transcriber, Transcriber)
    files = sorted(spoken_digits.iterdir())
    heard = [result.text for result in transcriber.transcribe(files)]
    assert sum(text == file.name[0] for text, file in zip(heard, files, strict=True)) >= 16


def test_a_stopped_run_goes_on_to_the_same_weights_where_the_recordings_have_moved(
    speech_config, spoken_digits, tmp_path, final_weights, interrupted
):
    settings = {"epochs": 2, "average_last": 2}
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    train(speech_config(training=settings | {"output": str(whole)}))
    config = speech_config(training=settings | {"output": str(stopped), "checkpoint_every_s": 1e-9})
    num_updates = len(Trainer(config, resume=False).task.plan([2] * 12, 0).batches)
    assert num_updates >= 2
    interrupted(config, update=1)
    assert load_checkpoint(stopped / "checkpoints")[0].update == 1
    moved = str(shutil.copytree(spoken_digits, tmp_path / "moved"))
    config = speech_config(
        data={"train": moved, "val": moved}, training=config.training.model_dump()
    )
    train(config, resume=True)
    assert same(final_weights(whole), final_weights(stopped))
    assert history(whole) == history(stopped)
    assert same(
        load_file(whole / "best" / "model.safetensors"),
        load_file(stopped / "best" / "model.safetensors"),
    )


def test_a_run_writes_what_trains_it_again(speech_config, spoken_digits, tmp_path, capsys):
    config = speech_config(
        data={"language": "en", "name": "Tones"}, self_critical={"weight": 0.3, "num_samples": 2}
    )
    best = train(config)
    printed = capsys.readouterr().out.splitlines()
    assert (
        printed[0].startswith("epoch 1/2: loss ")
        and "word accuracy" in printed[0]
        and "WER" in printed[0]
    )
    overrides = [
        f"data.train={spoken_digits}",
        f"data.val={spoken_digits}",
        f"training.output={tmp_path / 'run'}",
    ]
    assert load_config(best / "training_config.json", overrides) == config
    card = ModelCard((best / "README.md").read_text(encoding="utf-8"))
    assert (card.data.language, card.data.pipeline_tag) == (["en"], "automatic-speech-recognition")
    assert "data.train=PATH data.val=PATH`" in card.text
    assert str(tmp_path) not in card.text + (best / "training_config.json").read_text()
    assert history(tmp_path / "run")[0].keys() >= {
        "epoch",
        "loss",
        "word accuracy",
        "WER",
        "CER",
        "reward",
    }
    assert history(tmp_path / "run")[0]["reward"] < 0


def test_pieces_are_written_where_the_config_says_so(speech_config, spoken_digits, tmp_path):
    rows = [f"{file},say {file.name[0]} again" for file in sorted(spoken_digits.iterdir())]
    (tmp_path / "all.csv").write_text("\n".join(["audio,text", *rows]))
    data = {
        "train": str(tmp_path / "all.csv"),
        "units": "pieces",
        "max_vocab_size": 290,
        "num_concatenated": 0,
    }
    run = Trainer(speech_config(data=data), resume=False)
    assert run.task.targets[0] == ("say 0 again",) and len(run.targets) == 18
    assert run.model.config.vocab_size > 260


def test_recordings_without_text_are_left_out(speech_config, spoken_digits, tmp_path, capsys):
    files = sorted(spoken_digits.iterdir())
    rows = [f"{file},{file.name[0] if number % 3 else ''}" for number, file in enumerate(files)]
    (tmp_path / "all.csv").write_text("\n".join(["audio,text", *rows]))
    data = {"train": str(tmp_path / "all.csv"), "val": str(tmp_path / "all.csv"), "num_strings": 0}
    task = SpeechTask(speech_config(data=data))
    said = len(files) - len(files[::3])
    assert len(task.targets) == said and all(text for (text,) in task.targets)
    out = capsys.readouterr().out
    assert (
        f"{len(files[::3])} of {len(files)} recordings of data.train left out: they have no text"
        in out
    )
    assert "of data.val left out" in out


def test_data_that_cannot_be_used_is_named_before_anything_is_computed(
    speech_config, tmp_path, monkeypatch
):
    monkeypatch.setattr(
        initial_model, "CaptionerModel", lambda *_: pytest.fail("a model was built")
    )
    for field in ("train", "val"):
        with pytest.raises(ConfigError, match=f"data.{field} is empty"):
            train(speech_config(data={field: ""}))
    (tmp_path / "none").mkdir()
    with pytest.raises(EmptyDataError, match="holds no recordings"):
        train(speech_config(data={"train": str(tmp_path / "none")}))
