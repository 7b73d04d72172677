"""Captions as HTML: every text escaped, every word a button with its light."""

import base64
import io
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from captioner.outputs.page import fractions
from captioner.pipeline import Candidate, CaptionResult
from captioner.pipeline.result import Concept
from captioner.web.caption_view import caption_view

PHOTO = Image.new("RGB", (90, 70), "red")


def candidate(text: str, log_prob: float = -2.0) -> Candidate:
    words = tuple(text.split())
    attention = np.zeros((len(words), 3, 5), dtype=np.float32)
    for position in range(len(words)):
        attention[position, 1, position % 5] = 1
    return Candidate(text, log_prob, words, (-0.5,) * len(words), attention)


def test_each_word_of_the_best_caption_is_a_button_with_its_light_and_probability():
    page = caption_view(PHOTO, CaptionResult((candidate("a red dog"), candidate("a cat", -3))))
    words = re.findall(r"<button type=\"button\" aria-pressed.*?>(\w+)</button>", page)
    assert words == ["a", "red", "dog"]
    assert page.count("61% likely") == 3


def test_the_light_of_a_word_lies_where_its_map_does():
    page = caption_view(PHOTO, CaptionResult((candidate("a red dog"),)))
    lights = re.findall(r'data-light="data:image/png;base64,([^"]+)"', page)
    alpha = np.asarray(Image.open(io.BytesIO(base64.b64decode(lights[2]))).getchannel("A"))
    assert alpha.shape == (34, 56)
    row, column = np.unravel_index(alpha.argmax(), alpha.shape)
    assert alpha.max() == 255
    assert abs(row / 34 - 1.5 / 3) < 0.1
    assert abs(column / 56 - 2.5 / 5) < 0.1


def test_texts_are_escaped():
    page = caption_view(PHOTO, CaptionResult((candidate('<img src=x onerror="alert(1)"> dog'),)))
    assert "<img src=x" not in page
    assert page.count("<img ") == 1
    assert 'onerror="' not in page


def test_an_unsure_caption_is_marked_and_what_the_classifier_saw_is_told():
    concepts = (Concept("<cheetah>", 0.853), Concept("dog", 0.1))
    unsure = replace(candidate("a red dog"), calibrated=0.23)
    page = caption_view(PHOTO, CaptionResult((unsure,), concepts=concepts))
    assert "about 23 in 100 are right" in page
    assert "Words detected in the photo: &lt;cheetah&gt; 85%, dog 10%." in page
    for calibrated in (0.8, None):
        plain = caption_view(PHOTO, CaptionResult((replace(unsure, calibrated=calibrated),)))
        assert "Unsure" not in plain and "classifier" not in plain


def test_the_length_is_compared_to_what_an_alternative_text_may_have():
    assert "9 characters: the best caption fits" in caption_view(
        PHOTO, CaptionResult((candidate("a red dog"),))
    )
    long = caption_view(PHOTO, CaptionResult((candidate("dog " * 40),)))
    assert "is longer than" in long


def test_fractions_are_those_of_the_probability_of_all():
    assert fractions([candidate("a", np.log(0.3)), candidate("b", np.log(0.1))]) == pytest.approx(
        [0.75, 0.25]
    )


def test_fractions_of_captions_that_are_all_unlikely_are_numbers():
    assert fractions([candidate("a", -5000), candidate("b", -5000)]) == pytest.approx([0.5, 0.5])
