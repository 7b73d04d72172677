"""Photos with bytes changed at random are read or refused by name, soon; and those that once did
something else.

A short run unless the environment's CAPTIONER_FUZZ says how many examples.
"""

import io
import os
import struct
import time
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from captioner.errors import InputError
from captioner.preprocess.image import read_image

EXAMPLES = int(os.environ.get("CAPTIONER_FUZZ", "40"))
SOON_S = 10.0
PHOTO = Image.radial_gradient("L").resize((37, 29)).convert("RGB")
MOST_PIXELS = 20_000_000  # memory then stays below 1 GB, whatever a header promises

KINDS: list[tuple[str, str, dict[str, object]]] = [
    ("JPEG", "RGB", {}),
    ("JPEG", "RGB", {"progressive": True, "exif": True}),
    ("JPEG", "CMYK", {}),
    ("PNG", "RGB", {}),
    ("PNG", "P", {"transparency": 1}),
    ("PNG", "I;16", {}),
    ("PNG", "LA", {"exif": True}),
    ("PNG", "RGB", {"save_all": True, "append_images": True}),
    ("GIF", "P", {}),
    ("GIF", "P", {"save_all": True, "append_images": True}),
    ("WEBP", "RGB", {}),
    ("WEBP", "RGBA", {"lossless": True, "exif": True}),
    ("WEBP", "RGB", {"save_all": True, "append_images": True}),
    ("AVIF", "RGB", {}),
    ("TIFF", "RGB", {}),
    ("TIFF", "RGB", {"compression": "tiff_lzw", "exif": True}),
    ("TIFF", "RGB", {"compression": "jpeg"}),
    ("TIFF", "1", {"compression": "group4"}),
    ("TIFF", "F", {"compression": "tiff_adobe_deflate"}),
    ("TIFF", "LAB", {}),
    ("BMP", "RGB", {}),
    ("BMP", "P", {}),
    ("JPEG2000", "RGB", {}),
    ("ICO", "RGBA", {}),
    ("PPM", "RGB", {}),
    ("PPM", "1", {}),
    ("PPM", "I", {}),
]


@cache
def seed(number: int) -> bytes:
    """Return a whole file of a kind."""
    kind, mode, options = KINDS[number]
    image = PHOTO.convert(mode) if mode not in ("LAB", "I;16") else Image.new(mode, PHOTO.size, 77)
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    replaced = {"exif": exif, "append_images": [image.rotate(90)]}
    stream = io.BytesIO()
    image.save(stream, kind, **{name: replaced.get(name, value) for name, value in options.items()})
    return stream.getvalue()


ODD_NUMBERS = [0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]
PLACES = st.integers(0, 1 << 16) | st.integers(0, 200)  # most of what is read stands at the head
CHANGES = st.one_of(
    st.tuples(st.just("byte"), PLACES, st.integers(0, 255)),
    st.tuples(
        st.just("number"),
        PLACES,
        st.sampled_from([f"{end}{size}" for end in "<>" for size in "BHI"]),
    ),
    st.tuples(st.just("cut"), PLACES, st.integers(1, 64)),
    st.tuples(st.just("insert"), PLACES, st.binary(min_size=1, max_size=16)),
    st.tuples(st.just("repeat"), PLACES, st.integers(1, 64)),
    st.tuples(st.just("end"), PLACES, st.just(0)),
    st.tuples(st.just("splice"), PLACES, st.integers(0, len(KINDS) - 1)),
)


def changed(content: bytes, change: tuple[str, int, object], odd: int) -> bytes:
    """Apply one change to a file."""
    kind, place, what = change
    place %= len(content) + 1
    before, after = content[:place], content[place:]
    if kind == "byte":
        return before + bytes([what]) + after[1:]
    if kind == "number":
        number = struct.pack(what, odd % 256 ** struct.calcsize(what))
        return before + number + after[len(number) :]
    if kind == "cut":
        return before + after[what:]
    if kind == "insert":
        return before + what + after
    if kind == "repeat":
        return before + after[:what] + after
    if kind == "end":
        return before
    return before + seed(what)[place:]


def check(content: bytes) -> None:
    """A photo is read, or refused by one of our errors, and soon."""
    started = time.monotonic()
    for at_least in (0, 8):
        try:
            image = read_image(content, MOST_PIXELS, at_least)
            assert image.mode == "RGB" and image.width and image.height
        except InputError as error:
            assert error.reason
    assert time.monotonic() - started < SOON_S


@settings(
    max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
@given(
    st.integers(0, len(KINDS) - 1),
    st.lists(CHANGES, min_size=1, max_size=6),
    st.sampled_from(ODD_NUMBERS),
)
def test_a_photo_with_bytes_changed_is_read_or_refused_by_name(
    number: int, changes: list[tuple[str, int, object]], odd: int
) -> None:
    content = seed(number)
    for change in changes:
        content = changed(content, change, odd)
    if record := os.environ.get(
        "CAPTIONER_FUZZ_LAST"
    ):  # tells which one it was where the whole process ends
        Path(record).write_bytes(content)
    check(content)


@pytest.mark.parametrize("number", range(len(KINDS)))
def test_the_seeds_themselves_are_read(number: int) -> None:
    assert read_image(seed(number)).mode == "RGB"
