"""Runs of seconds on made photos."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from captioner.training import concepts, trainer, updates
from captioner.training.checkpoints import load_checkpoint


@pytest.fixture
def final_weights() -> Callable[[Path], dict[str, torch.Tensor]]:
    """Return a run's last weights."""
    return lambda run: load_checkpoint(run / "checkpoints")[1]


@pytest.fixture
def few_photos(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a detector of five words be fitted to a handful of photos, in a moment."""
    monkeypatch.setattr(concepts, "LEAST_PHOTOS", 2)
    monkeypatch.setattr(concepts, "EPOCHS", 2)
    monkeypatch.setattr(concepts, "_most_telling", lambda *_: torch.arange(5))


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Run an experiment that stops as if killed before its update number `update`, counted from
    0.
    """

    def run(config: object, update: int, resume: bool = False) -> None:
        original, count = updates.Updates._update, iter(range(10_000))

        def stops(self: updates.Updates, *arguments: object) -> tuple[float, int]:
            if next(count) == update:
                raise KeyboardInterrupt
            return original(self, *arguments)

        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(updates.Updates, "_update", stops)
            trainer.train(config, resume)

    return run


@pytest.fixture
def sentence_config(tmp_path: Path) -> Callable[..., object]:
    """Make the config of a run of seconds on four pairs of sentences; `section={...}` replaces
    fields.
    """
    from captioner.config import SentenceConfig

    pairs = [
        ("Two dogs run.", "Zwei Hunde rennen."),
        ("A man reads a newspaper in the park.", "Ein Mann liest im Park eine Zeitung."),
        ("Snow!", "Schnee!"),
        ("The girl is wearing a red hat.", "Das Mädchen trägt einen roten Hut."),
    ]
    for column, language in enumerate(("en", "de")):
        text = "".join(f"{pair[column]}\n" for pair in pairs)
        (tmp_path / f"pairs.{language}").write_text(text, encoding="utf-8")
    source, target = str(tmp_path / "pairs.en"), str(tmp_path / "pairs.de")

    def make(**changes: dict[str, object]) -> SentenceConfig:
        sections: dict[str, dict[str, object]] = {
            "data": {
                "source": source,
                "target": target,
                "val_source": source,
                "val_target": target,
                "max_vocab_size": 300,
            },
            "encoder": {
                "kind": "text",
                "embedding_dim": 12,
                "dim": 16,
                "num_layers": 2,
                "max_positions": 64,
            },
            "decoder": {"embedding_dim": 12, "hidden_dim": 16, "attention": "dot", "dropout": 0.2},
            "search": {"beam_size": 2, "max_length": 60},
            "training": {
                "output": str(tmp_path / "run"),
                "epochs": 2,
                "batch_tokens": 60,
                "learning_rate": 0.01,
                "warmup_steps": 1,
            },
        }
        for section, fields in changes.items():
            sections[section] |= fields
        return SentenceConfig.model_validate(sections)

    return make


@pytest.fixture
def photo_sentence_config(
    sentence_config: Callable[..., object], photos: list[Path], tmp_path: Path
) -> Callable[..., object]:
    """Make the config of a run of seconds on sentences that a photo alone tells apart, and one
    without a photo; `section={...}` replaces fields.
    """
    from captioner.config import PhotoSentenceConfig

    rows = [
        {"source": "a photo", "target": "ein rotes Bild", "photo": photos[0].name},
        {"source": "a photo", "target": "ein blaues Bild", "photo": photos[4].name},
        {"source": "snow", "target": "Schnee"},
    ]
    file = tmp_path / "pairs.jsonl"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")

    def make(**changes: dict[str, object]) -> PhotoSentenceConfig:
        sections = sentence_config().model_dump()
        text = sections["encoder"] | {"dropout": 0.0}
        files = {"source": str(file), "val_source": str(file), "target": "", "val_target": ""}
        sections["data"] |= files | {"images": str(photos[0].parent)}
        sections["image"] = {"height": 32, "width": 64}
        photo = {"backbone": "test_resnet", "weights": "none", "dim": 9, "dropout": 0.0}
        sections["encoder"] = {"kind": "photo+text", "photo": photo, "text": text}
        for section, fields in changes.items():
            sections[section] |= fields
        return PhotoSentenceConfig.model_validate(sections)

    return make


@pytest.fixture
def speech_config(spoken_digits: Path, tmp_path: Path) -> Callable[..., object]:
    """Make the config of a run of seconds on made digits; `section={...}` replaces fields."""
    from captioner.config import SpeechConfig

    def make(**changes: dict[str, object]) -> SpeechConfig:
        sections: dict[str, dict[str, object]] = {
            "data": {
                "train": str(spoken_digits),
                "val": str(spoken_digits),
                "units": "words",
                "max_vocab_size": 20,
            }
            | {
                "num_concatenated": 12,
                "num_val_concatenated": 2,
                "max_concatenated": 3,
                "max_gap_s": 0.1,
            },
            "encoder": {
                "kind": "speech",
                "sample_rate_hz": 8000,
                "num_mels": 12,
                "channels": 4,
                "dim": 16,
            }
            | {"num_blocks": 1, "kernel_size": 3},
            "decoder": {"embedding_dim": 10, "hidden_dim": 14, "attention_dim": 8, "dropout": 0.1},
            "search": {"beam_size": 1, "max_length": 4},
            "training": {
                "output": str(tmp_path / "run"),
                "epochs": 2,
                "batch_tokens": 12,
                "learning_rate": 0.01,
                "warmup_steps": 1,
                "num_workers": 2,
            },
            "self_critical": {},
        }
        for section, fields in changes.items():
            sections[section] |= fields
        return SpeechConfig.model_validate(sections)

    return make


@pytest.fixture
def video_config(clip_folder: Path, tmp_path: Path) -> Callable[..., object]:
    """Make the config of a run of seconds on made clips; `section={...}` replaces fields."""
    from captioner.config import VideoConfig

    def make(**changes: dict[str, object]) -> VideoConfig:
        sections: dict[str, dict[str, object]] = {
            "data": {"videos": str(clip_folder), "val_groups": [3], "min_word_count": 1},
            "image": {"height": 32, "width": 64},
            "encoder": {
                "kind": "video",
                "backbone": "test_resnet",
                "weights": "none",
                "num_frames": 3,
                "dim": 12,
            }
            | {"num_blocks": 1, "dropout": 0.1},
            "decoder": {"embedding_dim": 10, "hidden_dim": 14, "attention_dim": 8, "dropout": 0.1},
            "search": {"beam_size": 2, "max_length": 1},
            "training": {
                "output": str(tmp_path / "run"),
                "epochs": 2,
                "batch_size": 3,
                "learning_rate": 0.01,
                "warmup_steps": 1,
                "crops": 1,
                "num_workers": 1,
            },
            "self_critical": {},
        }
        for section, fields in changes.items():
            sections[section] |= fields
        return VideoConfig.model_validate(sections)

    return make
