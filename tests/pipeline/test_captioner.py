"""One object from a name; whatever way a photo is given, the same caption."""

import math

import numpy as np
import pytest
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
