"""Captions in other languages than the model writes, and captions as sentences."""

import numpy as np
import pytest
from PIL import Image

from captioner.errors import ConfigError
from captioner.pipeline import Captioner, Translator, caption_languages
from captioner.pipeline.caption_languages import as_sentence


@pytest.fixture
def captioner(make_model, make_sentence_model, monkeypatch):
    """A tiny captioner, whose captions a tiny translator turns into German."""
    model = make_sentence_model()
    model.config.directions = [["en", "de"], ["de", "en"]]
    model.config.language_ids = {"de": 260, "en": 261}
    monkeypatch.setattr(caption_languages, "_translator", lambda _: Translator(model, "tiny"))
    return Captioner(make_model(), "tiny")


def photos(count):
    rng = np.random.default_rng(0)
    return [Image.fromarray(rng.integers(0, 255, (48, 64, 3), np.uint8)) for _ in range(count)]


def test_captions_of_a_batch_are_translated_each_as_alone(captioner):
    results = captioner.caption(photos(3), language="de", num_captions=2)
    assert [one.language for one in results] == ["de"] * 3
    english = captioner.caption(photos(3), num_captions=2)
    assert [one.language for one in english] == ["en"] * 3
    translator = caption_languages._translator("de")
    for result, before in zip(results, english, strict=True):
        for one, source in zip(result.candidates, before.candidates, strict=True):
            whole = translator.translate(as_sentence(source.text), source="en", target="de")
            assert one.text == whole.text.removesuffix(".")
            assert one.log_prob == pytest.approx(source.log_prob + whole.log_prob, rel=1e-4)
            assert one.calibrated is None


def test_each_word_looks_where_the_words_looked_that_it_comes_from(captioner):
    (result,) = captioner.caption(photos(1), language="de")
    best = result.candidates[0]
    assert best.attention.shape[0] == len(best.words) == len(best.word_log_probs) > 0
    assert best.attention.sum((1, 2)) == pytest.approx(1, abs=1e-4)
    alignment = np.array([[0.0, 0.9], [0.5, 0.0]], np.float32)
    looks = np.eye(4, dtype=np.float32)[:2].reshape(2, 2, 2)  # the first two of four cells
    found = caption_languages._attention(alignment, looks).reshape(2, 4)
    np.testing.assert_allclose(found, [[0, 1, 0, 0], [1, 0, 0, 0]], atol=1e-6)


def test_a_sentence_has_a_capital_letter_and_a_full_stop(captioner):
    (plain,) = captioner.caption(photos(1))
    (sentence,) = captioner.caption(photos(1), sentence=True)
    assert sentence.text == as_sentence(plain.text) != plain.text
    assert sentence.candidates[0].words == plain.candidates[0].words
    assert [as_sentence(text) for text in ("a dog", "Halt!", "")] == ["A dog.", "Halt!", ""]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"language": "tlh"}, r"language: there are captions in en, .*de.* \(given: tlh\)"),
        ({"language": "de", "required_words": ["dog"]}, "written in English and then translated"),
        ({"language": "de", "banned_words": ["dog"]}, "written in English and then translated"),
    ],
)
def test_what_cannot_be_had_in_a_language_is_said(captioner, options, message):
    with pytest.raises(ConfigError, match=message):
        captioner.caption(photos(1), **options)


def test_english_is_what_the_model_writes(captioner):
    (plain,), (english,) = captioner.caption(photos(1)), captioner.caption(photos(1), language="en")
    assert (english.text, english.language) == (plain.text, "en")
