"""Captions of several languages about the same photos make one model that writes them all."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from captioner import load
from captioner.errors import ConfigError
from captioner.training.concepts import draw_photos
from captioner.training.dataset import read_dataset
from captioner.training.trainer import Trainer, train

pytestmark = pytest.mark.usefixtures("few_photos")

COLORS = ("rotes", "grünes", "blaues", "graues", "gelbes", "schwarzes", "weißes", "rosa")


@pytest.fixture
def make_config(tiny_config, caption_set, photos, tmp_path):
    """Make a run of English captions of six photos and German ones of five of these."""
    lines = ["image,caption"]
    for photo, color in zip(photos, COLORS, strict=False):
        lines += [f"{photo.name},Das {color} Bild", f"{photo.name},ein {color} Bild der Farbe"]
    (tmp_path / "german.csv").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "train.txt").write_text("\n".join(one.name for one in photos[1:6]))

    def make(first: str = "en", german_texts: tuple[str, ...] = (), **training: object):
        (tmp_path / "texts.txt").write_text("\n".join(german_texts), encoding="utf-8")
        german = caption_set | {
            "captions": str(tmp_path / "german.csv"),
            "train_split": str(tmp_path / "train.txt"),
            "language": "de",
            "texts": [str(tmp_path / "texts.txt")] if german_texts else [],
        }
        for key in ("name", "min_word_count"):
            del german[key]
        return tiny_config(
            data={"sets": {"german": german}, "language": first},
            encoder={"concepts": 3},
            training=training,
        )

    return make


def test_each_photo_is_read_once_and_each_example_begins_with_its_language(make_config):
    trainer = Trainer(make_config(), resume=False)
    assert trainer.task.languages == ["en"] * 6 + ["de"] * 5
    ids = trainer.model.config.language_ids
    assert sorted(ids) == ["de", "en"]
    firsts = [{text[0] for text in several} for several in trainer.targets]
    assert firsts == [{ids["en"]}] * 6 + [{ids["de"]}] * 5
    assert len(list((trainer.folder / "features").glob("*.json"))) == 2  # of training, validation
    load_photo = trainer.task.train.load
    torch.testing.assert_close(
        load_photo([1], [0], 0).probabilities, load_photo([6], [0], 0).probabilities
    )


def test_the_detector_learns_words_of_the_first_language_alone(make_config):
    trainer = Trainer(make_config(), resume=False)
    words = trainer.config.encoder.concept_words
    assert words and not {"das", "bild", "ein"} & set(words)


def test_texts_are_in_the_language_of_their_set_and_find_photos_by_its_words(
    make_config, monkeypatch
):
    drawn_by: list[tuple[str, ...]] = []

    def draw(texts, concepts, seed):
        drawn_by.append(concepts.words)
        return draw_photos(texts, concepts, seed)

    monkeypatch.setattr("captioner.training.photo_task.draw_photos", draw)
    config = make_config(german_texts=("Das ist ein rotes Bild der Farbe", "ein grünes Bild"))
    trainer = Trainer(config, resume=False)
    assert trainer.task.languages[-2:] == ["de", "de"]
    german = trainer.model.config.language_ids["de"]
    assert [text[0] for several in trainer.targets[-2:] for text in several] == [german] * 2
    assert len(drawn_by) == 1 and "bild" in drawn_by[0]
    # What such a text brings is what the first language's detector finds in a training photo.
    text = trainer.task.train.load([11], [0], 0)
    assert text.features is None and text.probabilities.shape[1] == len(
        trainer.config.encoder.concept_words
    )
    trainer.run()


def test_the_model_writes_the_language_that_it_is_asked_for(make_config, photos):
    best = train(make_config(epochs=30, patience=30, learning_rate=0.02))
    captioner = load(str(best))
    assert captioner.languages[:2] == ["en", "de"]
    english, german = captioner.caption(photos[1]), captioner.caption(photos[1], language="de")
    assert (english.language, german.language) == ("en", "de")
    assert {"photo", "picture"} & set(english.text.split())
    assert "Bild" in german.candidates[0].words and "Bild" in german.text
    assert "Bild" in captioner.caption(photos[1], language="de", required_words=["bild"]).text
    images = [Image.open(photo) for photo in photos[:3]]
    together = captioner.caption(images, language="de")
    assert [one.text for one in together] == [
        captioner.caption(image, language="de").text for image in images
    ]
    with pytest.raises(ConfigError, match="language: there are captions in en, de"):
        captioner.caption(photos[1], language="xx")


def test_a_run_of_one_language_goes_on_in_two(make_config, tiny_config, caption_set):
    first = train(tiny_config(encoder={"concepts": 3}))
    config = make_config(initial_model=str(first), output=str(Path(first).parent / "second"))
    trainer = Trainer(config, resume=False)
    table = trainer.model.decoder.embedding.weight
    bos = table[trainer.model.config.bos_token_id]
    for token_id in trainer.model.config.language_ids.values():
        torch.testing.assert_close(table[token_id], bos)


def test_a_run_of_two_languages_goes_on_in_one(make_config, tiny_config, tmp_path):
    two = Trainer(make_config(), resume=False).model
    two.save_pretrained(tmp_path / "two")
    training = {"initial_model": str(tmp_path / "two"), "output": str(tmp_path / "one")}
    one = Trainer(tiny_config(encoder={"concepts": 3}, training=training), resume=False).model
    assert one.config.language_ids == {}
    english = two.decoder.embedding.weight[two.config.language_ids["en"]]
    torch.testing.assert_close(
        one.decoder.embedding.weight[one.config.bos_token_id], english, atol=1e-3, rtol=1e-3
    )


def test_sets_with_and_without_a_language_are_refused(make_config):
    with pytest.raises(ConfigError, match=r"some sets name a language.*the first set"):
        read_dataset(make_config(first="").data)
