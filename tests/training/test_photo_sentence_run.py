"""A run on sentences with photos: the photo decides, and what was learnt before is begun with."""

import json

import pytest
import torch
from safetensors.torch import load_file

from captioner.errors import AnnotationError, ConfigError, MissingImageError
from captioner.model.captioner_model import CaptionerModel
from captioner.pipeline import Translator
from captioner.preprocess.text import IllustratedSentences
from captioner.training import run_folder, train
from captioner.training.trainer import Trainer


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch):
    """Drawing would take most of the time."""
    monkeypatch.setattr(run_folder, "draw_curves", lambda path, *_: path.touch())
    monkeypatch.setattr(run_folder, "write_events", lambda *_: None)


def test_one_sentence_is_translated_by_what_its_photo_shows(photo_sentence_config, photos):
    encoder = photo_sentence_config().encoder.model_dump()
    config = photo_sentence_config(
        encoder={
            "photo": encoder["photo"] | {"dim": 24},
            "text": encoder["text"] | {"embedding_dim": 48, "dim": 48},
        },
        decoder={"dropout": 0.0, "embedding_dim": 48, "hidden_dim": 64},
        training={
            "epochs": 300,
            "label_smoothing": 0.0,
            "batch_tokens": 400,
            "learning_rate": 0.005,
            "warmup_steps": 5,
        },
    )
    trainer = Trainer(config, resume=False)
    for epoch in range(config.training.epochs):  # without decoding: what was learnt is looked at
        for _ in trainer.updates.of_epoch(trainer.task.plan(trainer.lengths, epoch), epoch, 0):
            pass
    translator = Translator(trainer.model, "trained")
    told = translator.translate(["a photo", "a photo", "snow"], photos=[photos[0], photos[4], None])
    assert [one.text for one in told] == ["ein rotes Bild", "ein blaues Bild", "Schnee"]


def test_the_card_tells_of_photos(photo_sentence_config):
    card = Trainer(photo_sentence_config(), resume=False).task.card()
    assert "It looks at a photo beside the sentence" in card.summary
    assert "`test_resnet` (frozen)" in card.summary
    assert "photos of 64 x 32 pixels" in card.inputs


def test_batches_hold_each_photo_once(photo_sentence_config):
    task = Trainer(photo_sentence_config(), resume=False).task
    batch = task.train.load([2, 1, 0, 1], [0] * 4, 0)
    assert isinstance(batch, IllustratedSentences)
    assert batch.numbers.tolist() == [-1, 1, 0, 1]
    assert len(batch.photos) == 2
    assert not torch.equal(batch.photos[0], batch.photos[1])
    assert task.train.load([2], [0], 0).photos is None


def test_a_run_begins_with_a_translator_and_a_model_of_photos(
    photo_sentence_config, sentence_config, make_model, tmp_path
):
    translator = train(sentence_config(training={"epochs": 1, "output": str(tmp_path / "first")}))
    seeing = make_model(encoder={"concepts": 2, "concept_words": ["red", "photo", "left"]})
    seeing.save_pretrained(tmp_path / "photos")
    config = photo_sentence_config(
        decoder={"attention": "dot"},
        training={
            "initial_model": str(translator),
            "initial_photo_model": str(tmp_path / "photos"),
            "epochs": 1,
        },
    )
    trainer = Trainer(config, resume=False)
    assert trainer.config.encoder.photo == seeing.encoder.config
    assert trainer.config.image == seeing.image_config
    before, photo = load_file(translator / "model.safetensors"), seeing.encoder.state_dict()
    after = trainer.model.state_dict()
    for name, weight in before.items():
        own = after[name.replace("encoder.", "encoder.text.", 1)]
        assert torch.equal(own.half(), weight), name
    assert all(after[f"encoder.photo.{name}"].equal(weight) for name, weight in photo.items())
    # What it wrote is whole, and a second run goes on from it alone.
    best = trainer.run()
    written = CaptionerModel.from_pretrained(best)
    assert written.encoder.photo.config == seeing.encoder.config
    again = {"initial_model": str(best), "output": str(tmp_path / "again")}
    second = Trainer(photo_sentence_config(training=again), resume=False).model
    kept = written.own_state_dict()
    assert all(second.own_state_dict()[name].equal(weight) for name, weight in kept.items())


def test_only_a_model_of_photos_sees(photo_sentence_config, sentence_model_folder):
    training = {"initial_photo_model": str(sentence_model_folder)}
    with pytest.raises(ConfigError, match="a model of kind text: give one of photos"):
        Trainer(photo_sentence_config(training=training), resume=False)


@pytest.mark.parametrize(
    ("photo", "error", "message"),
    [
        ("gone.png", MissingImageError, "gone.png"),
        (3, AnnotationError, r"line 1: `photo` must be the name of a file \(given: 3\)"),
    ],
)
def test_a_photo_that_cannot_be_found_is_named(
    photo_sentence_config, tmp_path, photo, error, message
):
    row = {"source": "a photo", "target": "ein Bild", "photo": photo}
    (tmp_path / "pairs.jsonl").write_text(json.dumps(row), encoding="utf-8")
    with pytest.raises(error, match=message):
        Trainer(photo_sentence_config(), resume=False)
