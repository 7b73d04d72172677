"""Made records and photos for the writers."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from captioner.outputs.record import Candidate, ErrorInfo, Record


def _captioned(file: str, *captions: str, log_prob: float = -7.25) -> Record:
    """A record whose captions are each one nat less likely than the one before."""
    candidates = tuple(Candidate(caption, log_prob - rank) for rank, caption in enumerate(captions))
    return Record(file, captions[0], log_prob, candidates, "flickr8k", None)


def _failed(file: str, message: str = "a broken JPEG") -> Record:
    return Record(file, None, None, (), "flickr8k", ErrorInfo("CorruptFileError", message))


# Names and captions that break a writer which is not careful: quotes, commas, line ends of every
# kind, names in Latin-1 (a lone surrogate where the byte was), right-to-left text, what looks like
# HTML or a formula.
HARD = (
    _captioned("plain.jpg", "a dog runs", "a dog is running"),
    _captioned("with, comma.jpg", 'a sign says "stop, now"'),
    _captioned("line\nfeed.jpg", "first line\nsecond line"),
    _captioned("carriage\rreturn.jpg", "first\rsecond\r\nthird"),
    _captioned("caf\udce9.jpg", "a café \u2028 and \x85 a naïve dog"),
    _captioned("фото/写真.jpg", "\u202eright to left"),
    _captioned("=1+1.jpg", "<b>&amp;</b>"),
    _failed("broken.jpg", 'said "no",\nand stopped'),
)


@pytest.fixture
def captioned() -> Callable[..., Record]:
    return _captioned


@pytest.fixture
def failed() -> Callable[..., Record]:
    return _failed


@pytest.fixture
def hard_records() -> tuple[Record, ...]:
    return HARD


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A photo of 700 by 500 pixels, so that its thumbnail is smaller."""
    path = tmp_path / "photo.jpg"
    Image.linear_gradient("L").resize((700, 500)).convert("RGB").save(path)
    return path
