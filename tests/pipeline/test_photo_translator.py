"""A translator with photos: each text has its own, and one without is translated as before."""

import numpy as np
import pytest
from PIL import Image

from captioner.batch import lines
from captioner.errors import FileMissingError, InputError, ModelError
from captioner.pipeline import Translator, load_captioner, load_translator

TEXTS = ["two dogs", "snow", "two dogs play. in the snow", "two dogs"]


@pytest.fixture
def model(make_photo_sentence_model) -> Translator:
    return Translator(make_photo_sentence_model(), "tiny")


def scores(results):
    return [(one.text, round(one.log_prob, 4)) for one in results]


def test_each_text_is_translated_beside_its_photo(model, photos):
    beside = [photos[0], None, photos[1], photos[1]]
    together = model.translate(TEXTS, photos=beside)
    alone = [model.translate(text, photos=one) for text, one in zip(TEXTS, beside, strict=True)]
    assert scores(together) == scores(alone)
    assert together[0].log_prob != pytest.approx(together[3].log_prob, abs=1e-4)
    without = model.translate(TEXTS)
    assert scores(without)[1] == scores(together)[1]
    assert without[2].log_prob != pytest.approx(together[2].log_prob, abs=1e-4)


def test_attention_is_told_of_the_words_alone(model, photos):
    result = model.translate("two dogs play", photos=photos[0])
    assert result.attention.shape == (len(result.candidates[0].words), 3)
    assert (result.attention.sum(1) < 1).all()


def test_a_photo_may_be_given_in_any_way(model, photos):
    with Image.open(photos[0]) as image:
        ways = [photos[0], str(photos[0]), photos[0].read_bytes(), image.copy(), np.array(image)]
    found = model.translate(["two dogs"] * len(ways), photos=ways)
    assert len(set(scores(found))) == 1


def test_what_cannot_be_beside_a_text_is_refused(model, make_sentence_model, photos):
    with pytest.raises(InputError, match="1 photos for 2 texts"):
        model.translate(["two", "dogs"], photos=[photos[0]])
    with pytest.raises(FileMissingError):
        model.translate("two", photos="gone.png")
    with pytest.raises(ModelError, match="'blind' sees no photos"):
        Translator(make_sentence_model(), "blind").translate("two", photos=photos[0])


def test_a_saved_model_writes_the_same(model, photos, tmp_path):
    model.model.save_pretrained(tmp_path / "model")
    loaded = load_translator(tmp_path / "model", device="cpu")
    assert scores(loaded.translate(TEXTS, photos=[photos[0]] * 4)) == scores(
        model.translate(TEXTS, photos=[photos[0]] * 4)
    )
    with pytest.raises(ModelError, match="translates sentences: use `captioner translate`"):
        load_captioner(tmp_path / "model", device="cpu")


def test_the_command_takes_a_photo(model, photos, tmp_path, run):
    model.model.save_pretrained(tmp_path / "model")
    options = ["two dogs", "--model", tmp_path / "model", "--device", "cpu"]
    status, out, _ = run("translate", "--photo", photos[0], *options)
    assert status == 0
    assert out == model.translate("two dogs", photos=photos[0]).text + "\n"
    status, _, err = run("translate", "--photo", tmp_path / "gone.png", *options)
    assert status != 0
    assert "gone.png" in err


def test_a_photo_of_many_lines_is_read_once(model, photos, monkeypatch):
    monkeypatch.setattr(lines, "LINES_AHEAD", 2)
    backbone = model.model.encoder.photo
    calls, features = [], backbone.features
    monkeypatch.setattr(backbone, "features", lambda pixels: calls.append(1) or features(pixels))
    search = model.options()
    found = list(lines.translate_lines(model, TEXTS * 2, search, photo=photos[0]))
    assert len(calls) == 1
    assert scores(found) == scores(model.translate(TEXTS * 2, photos=[photos[0]] * 8))
