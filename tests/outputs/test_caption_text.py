"""A caption's text for an image generator is made as the user said, letter for letter."""

from collections.abc import Callable

import pytest

from captioner.errors import UsageError
from captioner.outputs.caption_text import CaptionText
from captioner.outputs.record import Record

TEXTS = [
    ({}, "a dog"),
    ({"prefix": "photo of "}, "photo of a dog"),
    ({"suffix": ", 4k"}, "a dog, 4k"),
    ({"trigger": "sks"}, "sks, a dog"),
    (
        {"trigger": "sks", "prefix": "<", "suffix": ">", "template": "{name}: {caption}"},
        "sks, <IMG_1.b: a dog>",
    ),
    ({"template": "{n:03d} {caption} {caption}"}, "007 a dog a dog"),
    ({"template": "{{{caption}}}"}, "{a dog}"),
    ({"template": "fixed"}, "fixed"),
    ({"prefix": "{caption}"}, "{caption}a dog"),
]


@pytest.mark.parametrize(("options", "expected"), TEXTS)
def test_text(options: dict[str, str], expected: str, captioned: Callable[..., Record]) -> None:
    file = "trip/IMG_1.b.jpg"
    assert CaptionText(**options, numbers={file: 7})(captioned(file, "a dog", "a cat")) == expected


def test_braces_in_a_caption_stay(captioned: Callable[..., Record]) -> None:
    assert CaptionText()(captioned("{name}.jpg", "{n}")) == "{n}"


@pytest.mark.parametrize(
    "template", ["{title}", "{}", "{caption.upper}", "{caption", "caption}", "{caption:d}", "{0}"]
)
def test_another_template_is_wrong_use_before_anything_is_captioned(template: str) -> None:
    with pytest.raises(UsageError, match="--template"):
        CaptionText(template=template)
