"""Errors as sentences: nothing of the server in them, and nothing that a browser would run."""

import logging

import gradio as gr
import pytest

from captioner.errors import CorruptFileError, ModelError
from captioner.web.messages import UNKNOWN, told
from captioner.web.without_folders import without_folders


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("/tmp/captioner-web-x1/ab12/photo.jpg: broken", "photo.jpg: broken"),
        ("'/home/me/models/flickr8k' cannot be loaded", "'flickr8k' cannot be loaded"),
        (r"C:\Users\me\a.json, line 3", "a.json, line 3"),
        ("see https://example.org/a/b/c for more", "see https://example.org/a/b/c for more"),
        ("give train/val or 1/2", "give train/val or 1/2"),
    ],
)
def test_of_a_path_only_the_name_is_left(text, left):
    assert without_folders(text) == left


def failing(error: Exception):
    @told
    def work(value: int) -> int:
        raise error

    return work


def test_an_error_of_captioner_is_told_and_escaped():
    with pytest.raises(gr.Error) as caught:
        failing(CorruptFileError("/tmp/x/<img src=x onerror=alert(1)>.jpg", "broken"))(1)
    assert caught.value.message == "&lt;img src=x onerror=alert(1)&gt;.jpg: broken"


@pytest.mark.parametrize("text", ['<b> & "c"\'s.jpg', "1 < 2 && 3 > 2", "l'été &amp; «»"])
def test_to_a_program_text_is_text(text):
    def work() -> None:
        raise ModelError(text)

    with pytest.raises(gr.Error) as caught:
        told(work, to_program=True)()
    assert caught.value.message == text


def test_any_other_error_goes_to_the_log_and_not_to_the_visitor(caplog):
    with caplog.at_level(logging.ERROR), pytest.raises(gr.Error) as caught:
        failing(RuntimeError("/secret/place"))(1)
    assert caught.value.message == UNKNOWN
    assert "/secret/place" in caplog.text


def test_a_generator_keeps_what_it_gave_before_the_error():
    @told
    def work(value: int):
        yield value
        raise ModelError("no model")

    steps = work(3)
    assert next(steps) == 3
    with pytest.raises(gr.Error, match="no model"):
        next(steps)
