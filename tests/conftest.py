"""Shapes are checked while the tests run, and everything tiny that they share is made here."""

import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from jaxtyping import install_import_hook
from PIL import Image

# By name: beartype cannot check typing.Self outside of classes that it decorates, which config and
# model use.
CHECKED = (
    *("data", "modules", "preprocess", "search", "training.losses"),
    *("training.averaging", "training.checkpoints", "training.objective", "training.optimizer"),
)
install_import_hook([f"captioner.{name}" for name in CHECKED], "beartype.beartype")

# Where the tests run in the background, a shell has them ignore interruptions, and every program
# that they start inherits it: those that are to be interrupted would then be waited for in vain.
signal.signal(signal.SIGINT, signal.default_int_handler)

COLORS = {
    "red": (200, 30, 30),
    "green": (30, 180, 30),
    "blue": (30, 30, 200),
    "grey": (128, 128, 128),
}
# A small backbone of timm whose random weights tell colours apart.
BACKBONE = "test_resnet"


@pytest.fixture(autouse=True)
def one_thread():
    """Sums of small matrices do not depend on how many cores there are."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def draw_photo(color: str, bright_side: str, seed: int) -> Image.Image:
    """A noisy photo of one colour, one half of it brighter."""
    pixels = np.random.default_rng(seed).integers(-9, 10, (41, 53, 3)) + np.array(COLORS[color])
    half = slice(None, 27) if bright_side == "left" else slice(27, None)
    pixels[:, half] += 50
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Eight photos, no two alike: photo00.png ... photo07.png."""
    folder = tmp_path_factory.mktemp("photos")
    kinds = [(color, side) for color in COLORS for side in ("left", "right")]
    paths = [folder / f"photo{number:02d}.png" for number in range(len(kinds))]
    for number, (path, (color, side)) in enumerate(zip(paths, kinds, strict=True)):
        draw_photo(color, side, number).save(path)
    return paths


@pytest.fixture(scope="session")
def caption_set(photos: list[Path]) -> dict[str, str]:
    """The fields of `[data]` for a tiny set: six photos to train on, two to validate on, two or
    three captions each.
    """
    folder = photos[0].parent
    kinds = [(color, side) for color in COLORS for side in ("left", "right")]
    lines = ["image,caption"]
    for number, (photo, (color, side)) in enumerate(zip(photos, kinds, strict=True)):
        captions = [
            f"A {color} photo, bright on the {side}.",
            f"The {side} of a {color} picture is bright",
        ]
        captions += ["A very plain and rather noisy picture of nothing but colour"] * (number % 2)
        lines += [f'{photo.name},"{caption}"' for caption in captions]
    (folder / "captions.csv").write_text("\n".join(lines), encoding="utf-8")
    (folder / "train.txt").write_text(
        "\n".join(photo.name for photo in photos[:6]), encoding="utf-8"
    )
    (folder / "val.txt").write_text("\n".join(photo.name for photo in photos[6:]), encoding="utf-8")
    return {
        "name": "made photos",
        "images": str(folder),
        "captions": str(folder / "captions.csv"),
        "train_split": str(folder / "train.txt"),
        "val_split": str(folder / "val.txt"),
        "min_word_count": 1,
    }


@pytest.fixture
def tiny_config(caption_set: dict[str, str], tmp_path: Path) -> Callable[..., object]:
    """Make the config of a run of seconds; `section={...}` replaces fields."""
    from captioner.config import PhotoConfig

    def make(**changes: dict[str, object]) -> PhotoConfig:
        sections: dict[str, dict[str, object]] = {
            "data": dict(caption_set),
            "image": {"height": 32, "width": 64},
            "encoder": {"backbone": BACKBONE, "weights": "none", "dim": 12, "dropout": 0.2},
            "decoder": {"embedding_dim": 10, "hidden_dim": 14, "attention_dim": 8, "dropout": 0.2},
            "search": {"beam_size": 2, "max_length": 8},
            "training": {
                "output": str(tmp_path / "run"),
                "epochs": 2,
                "batch_size": 4,
                "learning_rate": 0.01,
                "warmup_steps": 1,
                "num_workers": 1,
            },
        }
        for section, fields in changes.items():
            sections[section] = sections.get(section, {}) | fields
        return PhotoConfig.model_validate(sections)

    return make


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run a command; return its exit status, standard output and standard error."""
    from captioner import cli

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["captioner", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capfd.readouterr()
        return int(ended.value.code or 0), out, err

    return call


def build_model(
    sections: dict[str, dict[str, object]], changes: dict[str, dict[str, object]], tokenizer: object
) -> object:
    """Make a model of these sections, in which `changes` replace fields, always with the same
    random weights.
    """
    from captioner.model.captioner_model import CaptionerModel
    from captioner.model.config import CaptionerConfig

    for section, fields in changes.items():
        sections[section] |= fields
    torch.manual_seed(0)
    tied = sections["decoder"].get("tie_embeddings", True)
    config = CaptionerConfig(**sections, vocab_size=len(tokenizer), tie_word_embeddings=tied)
    model = CaptionerModel(config)
    model.encoder.load_published()
    model.tokenizer = tokenizer
    return model.train(False)


@pytest.fixture
def make_model() -> Callable[..., object]:
    """Make a tiny model with random weights and a tokenizer of a few words; `section={...}`
    replaces fields.
    """
    from captioner.preprocess.tokenization import train_word_tokenizer

    def make(**changes: dict[str, object]) -> object:
        sections: dict[str, dict[str, object]] = {
            "image": {"height": 32, "width": 64},
            "encoder": {"backbone": BACKBONE, "weights": "none", "dim": 12},
            "decoder": {"embedding_dim": 10, "hidden_dim": 14, "attention_dim": 8},
            "search": {"beam_size": 2, "max_length": 5},
        }
        tokenizer = train_word_tokenizer(
            ["a red photo, bright on the left", "a green picture"], 1, 20
        )
        return build_model(sections, changes, tokenizer)

    return make


@pytest.fixture
def model_folder(make_model: Callable[..., object], tmp_path: Path) -> Path:
    """A tiny model's folder."""
    folder = tmp_path / "model"
    make_model().save_pretrained(folder)
    return folder


@pytest.fixture
def make_sentence_model() -> Callable[..., object]:
    """Make a tiny model of sentences with random weights and pieces down to bytes;
    `section={...}` replaces fields.
    """
    from captioner.preprocess.tokenization import train_bpe_tokenizer

    def make(**changes: dict[str, object]) -> object:
        sections: dict[str, dict[str, object]] = {
            "encoder": {
                "kind": "text",
                "embedding_dim": 10,
                "dim": 12,
                "num_layers": 2,
                "max_positions": 32,
            },
            "decoder": {"embedding_dim": 10, "hidden_dim": 14, "attention": "dot"},
            "search": {"beam_size": 3, "max_length": 7},
        }
        tokenizer = train_bpe_tokenizer(
            ["two dogs play in the snow.", "zwei Hunde spielen im Schnee."] * 3, 300
        )
        return build_model(sections, changes, tokenizer)

    return make


@pytest.fixture
def make_photo_sentence_model() -> Callable[..., object]:
    """Make a tiny model that reads a sentence and the photo beside it, with random weights;
    `section={...}` replaces fields.
    """
    from captioner.preprocess.tokenization import train_bpe_tokenizer

    def make(**changes: dict[str, object]) -> object:
        sections: dict[str, dict[str, object]] = {
            "image": {"height": 32, "width": 64},
            "encoder": {
                "kind": "photo+text",
                "photo": {"backbone": BACKBONE, "weights": "none", "dim": 9},
                "text": {"embedding_dim": 10, "dim": 12, "num_layers": 2, "max_positions": 32},
            },
            "decoder": {"embedding_dim": 10, "hidden_dim": 14, "attention": "dot"},
            "search": {"beam_size": 3, "max_length": 7},
        }
        texts = ["two dogs play in the snow.", "zwei Hunde spielen im Schnee."] * 3
        model = build_model(sections, changes, train_bpe_tokenizer(texts, 300))
        for layer in (model.encoder.keys, model.encoder.values):
            torch.nn.init.normal_(layer.weight, std=3.0)  # so that a photo changes what is written
        return model

    return make


@pytest.fixture
def sentence_model_folder(make_sentence_model: Callable[..., object], tmp_path: Path) -> Path:
    """A tiny model of sentences in its folder."""
    folder = tmp_path / "en-de"
    make_sentence_model().save_pretrained(folder)
    return folder


@pytest.fixture
def make_speech_model() -> Callable[..., object]:
    """Make a tiny model of speech with random weights, which writes digits; `section={...}`
    replaces fields.
    """
    from captioner.preprocess.tokenization import train_word_tokenizer

    def make(**changes: dict[str, object]) -> object:
        sections: dict[str, dict[str, object]] = {
            "encoder": {
                "kind": "speech",
                "sample_rate_hz": 8000,
                "num_mels": 9,
                "channels": 3,
                "dim": 12,
            }
            | {"num_blocks": 1, "max_segment_s": 2.0},
            "decoder": {"embedding_dim": 10, "hidden_dim": 14, "attention_dim": 8},
            "search": {"beam_size": 3, "max_length": 5},
        }
        tokenizer = train_word_tokenizer(["0 1 2 3 4 5 6 7 8 9"], 1, 20)
        return build_model(sections, changes, tokenizer)

    return make


@pytest.fixture
def speech_model_folder(make_speech_model: Callable[..., object], tmp_path: Path) -> Path:
    """A tiny model of speech in its folder."""
    folder = tmp_path / "speech"
    make_speech_model().save_pretrained(folder)
    return folder


@pytest.fixture
def spoken_digits(tmp_path: Path) -> Path:
    """A folder of made digits: tones whose pitch tells the digit, three takes by each of two
    speakers.
    """
    soundfile = pytest.importorskip("soundfile")
    folder = tmp_path / "digits"
    folder.mkdir()
    for digit in range(3):
        for voice, speaker in enumerate(("ann", "bob")):
            for take in range(3):
                rng = np.random.default_rng([digit, voice, take])
                time = np.arange(2000 + int(rng.integers(800))) / 8000
                samples = 0.3 * np.sin(2 * np.pi * (400 + 900 * digit + 40 * voice) * time)
                samples += 0.003 * rng.standard_normal(len(time))
                soundfile.write(
                    folder / f"{digit}_{speaker}_{take}.wav", samples.astype(np.float32), 8000
                )
    return folder


@pytest.fixture(scope="session")
def write_clip() -> Callable[..., Path]:
    """Write a clip whose frames are given as colours; `times` in hundredths of a second make its
    rate variable.
    """
    av = pytest.importorskip("av")

    def write(
        path: Path,
        colors: Sequence[tuple[int, int, int]],
        rate: int = 10,
        size: tuple[int, int] = (64, 48),
        times: Sequence[int] | None = None,
        **settings: object,
    ) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(path), "w", **settings) as container:
            stream = container.add_stream("mpeg4", rate=rate if times is None else 100)
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
            stream.gop_size = 12
            for number, color in enumerate(colors):
                frame = av.VideoFrame.from_ndarray(
                    np.full((size[1], size[0], 3), color, np.uint8), format="rgb24"
                )
                frame.pts = number if times is None else times[number]
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    return write


@pytest.fixture(scope="session")
def clip_folder(write_clip: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clips in folders by class, in UCF-101's layout: two classes, three groups, two clips each."""
    folder = tmp_path_factory.mktemp("clips")
    for label, color in (("TurnRed", (220, 30, 30)), ("TurnBlue", (30, 30, 220))):
        for group in (1, 2, 3):
            for clip in (1, 2):
                noise = 6 * group + 3 * clip
                frames = [
                    tuple(128 + (one - 128) * step // 8 - noise for one in color)
                    for step in range(8)
                ]
                write_clip(folder / label / f"v_{label}_g{group:02d}_c{clip:02d}.mp4", frames)
    return folder


@pytest.fixture
def make_video_model() -> Callable[..., object]:
    """Make a tiny model of clips with random weights and labels of two; `section={...}` replaces
    fields.
    """
    from captioner.preprocess.tokenization import train_label_tokenizer

    def make(**changes: dict[str, object]) -> object:
        sections: dict[str, dict[str, object]] = {
            "image": {"height": 32, "width": 64},
            "encoder": {
                "kind": "video",
                "backbone": BACKBONE,
                "weights": "none",
                "dim": 12,
                "num_frames": 3,
            },
            "decoder": {"embedding_dim": 10, "hidden_dim": 14, "attention_dim": 8},
            "search": {"beam_size": 2, "max_length": 1},
        }
        return build_model(sections, changes, train_label_tokenizer(["TurnRed", "TurnBlue"]))

    return make


@pytest.fixture
def video_model_folder(make_video_model: Callable[..., object], tmp_path: Path) -> Path:
    """A tiny model of clips in its folder."""
    folder = tmp_path / "turns"
    make_video_model().save_pretrained(folder)
    return folder
