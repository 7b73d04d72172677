"""One object from a name; whatever way a photo is given, the same caption."""

import math
import re

import numpy as np
import pytest
import torch
from PIL import Image

import captioner
from captioner.errors import ConfigError, FileMissingError, ModelError
from captioner.pipeline import Captioner, find_model, load


@pytest.fixture
def model(model_folder) -> Captioner:
    return load(model_folder, device="cpu")


def test_a_photo_is_captioned_alike_in_whatever_form_it_is_given(model, photos):
    image = Image.open(photos[0])
    expected = model.caption(photos[0])
    for form in (str(photos[0]), photos[0].read_bytes(), image, np.asarray(image)):
        result = model.caption(form)
        assert result.text == expected.text
        assert result.log_prob == pytest.approx(expected.log_prob, abs=1e-5)


def test_a_list_gives_the_captions_of_each_alone(model, photos):
    results = model.caption(photos, num_captions=2)
    for photo, result in zip(photos, results, strict=True):
        alone = model.caption(photo, num_captions=2)
        assert [one.text for one in result.candidates] == [one.text for one in alone.candidates]
    assert model.caption([]) == []


def test_a_result_carries_words_probabilities_and_attention(model, photos):
    result = model.caption(photos[0], num_captions=3, beam_size=3)
    assert len(result.candidates) == 3
    best = result.candidates[0]
    assert result.text == best.text and result.log_prob == best.log_prob
    assert len(best.words) == len(best.word_log_probs) == len(result.attention)
    assert result.attention.ndim == 3
    np.testing.assert_allclose(result.attention.sum((1, 2)), 1, atol=1e-5)
    assert best.confidence == pytest.approx(math.exp(best.log_prob / (len(best.words) + 1)))
    assert 0 < best.confidence <= 1


def test_banned_words_are_not_written(model, photos):
    words = model.caption(photos[0]).candidates[0].words
    banned = model.caption(photos[0], banned_words=(words[0],)).candidates[0].words
    assert words[0] not in banned


@pytest.mark.parametrize(
    "options", [{}, {"sample": True}, {"num_captions": 3}, {"num_groups": 2, "beam_size": 4}]
)
def test_captions_begin_as_they_are_told_alone_and_in_batches(model, photos, options):
    results = model.caption(photos, begin="Picture red", **options)
    for photo, result in zip(photos, results, strict=True):
        assert all(one.words[:2] == ("picture", "red") for one in result.candidates)
        assert all(
            len(one.word_log_probs) == len(one.attention) == len(one.words)
            for one in result.candidates
        )
        assert result.text == model.caption(photo, begin="Picture red", **options).text
    free = model.caption(photos[0])
    again = model.caption(photos[0], begin=free.text.split()[0])
    assert (again.text, again.log_prob) == (free.text, pytest.approx(free.log_prob, abs=1e-5))


CONCEPTS = {"concepts": 3, "concept_words": ("red", "photo", "left", "green")}


@pytest.fixture
def detecting(make_model, tmp_path) -> Captioner:
    """A captioner of which the decoder reads three of four words."""
    made = make_model(encoder=CONCEPTS)
    with torch.no_grad():
        made.encoder.detector.output.bias.copy_(torch.tensor([2.0, 1.0, 0.0, -9.0]))
        made.encoder.detector.frequencies.fill_(0.01)
    made.save_pretrained(tmp_path / "detecting")
    return load(tmp_path / "detecting", device="cpu")


def test_a_hint_is_read_in_the_place_of_the_least_telling_word(detecting, photos):
    model = detecting.model
    pixels = np.stack([detecting.preprocess(detecting.preprocess.read(photo)) for photo in photos])
    memory = model.encode(pixels)
    hinted = model.hinted(memory, detecting.options(hint=["Greens"]))
    assert (
        not (memory.concepts.word_ids == 3).any() and (hinted.concepts.word_ids[:, -1] == 3).all()
    )
    assert (hinted.concepts.probabilities[:, 3] > 5 * memory.concepts.probabilities[:, 3]).all()
    assert hinted.values.shape == memory.values.shape
    assert hinted.values[:, :-1].equal(memory.values[:, :-1]) and not hinted.values[:, -1].equal(
        memory.values[:, -1]
    )
    assert hinted.keys.equal(hinted.values)
    assert model.hinted(memory, detecting.options()) is memory
    told = detecting.caption(photos[0], hint=["green"], concepts=3)
    assert (
        told.concepts == detecting.caption(photos[0], concepts=3).concepts
    )  # a hint is no detection
    assert told.log_prob != detecting.caption(photos[0]).log_prob


def test_members_of_an_ensemble_read_a_hint_each(detecting, photos, tmp_path):
    alone, twice = detecting, load([tmp_path / "detecting"] * 2, device="cpu")
    for hint in ([], ["green"]):
        assert twice.caption(photos[0], hint=hint).log_prob == pytest.approx(
            alone.caption(photos[0], hint=hint).log_prob, abs=1e-4
        )


def test_hints_that_cannot_be_taken_are_named(detecting, model, photos):
    with pytest.raises(
        ConfigError, match="hint: this model cannot detect 'gren'; similar words are green"
    ):
        detecting.caption(photos[0], hint=["red", "gren"])
    with pytest.raises(ConfigError, match="hint: 4 are too many: this model reads 3"):
        detecting.options(hint=["red", "photo", "left", "green"])
    for text in ("", " ", "</s>", "<unk>", "caf\udce9"):
        with pytest.raises(ConfigError, match=re.escape(f"hint: {text!r} holds ")):
            detecting.options(hint=["red", text])
    with pytest.raises(ConfigError, match="hint: this model detects no words"):
        model.caption(photos[0], hint=["red"])


def test_bad_options_and_photos_are_named(model, tmp_path):
    with pytest.raises(ConfigError, match="beam_size"):
        model.caption(tmp_path / "x.jpg", beam_size=0)
    with pytest.raises(ConfigError, match="beams"):
        model.caption(tmp_path / "x.jpg", beams=3)
    with pytest.raises(FileMissingError, match=r"x\.jpg"):
        model.caption(tmp_path / "x.jpg")


def test_a_model_that_is_not_there_is_named(tmp_path, model_folder):
    with pytest.raises(ModelError, match="no model"):
        find_model("nonesuch")
    with pytest.raises(ModelError, match=r"config\.json"):
        find_model(tmp_path)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_broken_model_is_named(model_folder, name):
    for content in (
        b"broken",
        b"[]",
        b'{"model": {"type": "Nonesuch"}, "model_type": "captioner", "encoder": {"dim": "wide"}}',
    ):
        (model_folder / name).write_bytes(content)
        with pytest.raises(ModelError):
            load(model_folder)


def test_a_run_gives_its_best_model_its_name(model_folder, tmp_path):
    best = tmp_path / "mine" / "best"
    best.parent.mkdir()
    model_folder.rename(best)
    assert load(best).name == "mine"


def test_the_package_offers_its_public_names():
    assert captioner.load is load
    with pytest.raises(AttributeError, match="nonesuch"):
        _ = captioner.nonesuch
