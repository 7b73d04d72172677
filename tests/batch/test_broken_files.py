"""A folder of all that can be wrong with a file, or odd about it: each is a record, and none
ends the run.
"""

import io
import os
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from captioner.batch import caption_files, find_photos
from captioner.config import ImageConfig, SearchConfig
from captioner.preprocess.image import ImagePreprocessor

PHOTO = Image.linear_gradient("L").resize((61, 47)).convert("RGB")


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def promising(width: int, height: int) -> bytes:
    """A PNG whose header promises so many pixels."""
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", b""),
        (b"IEND", b""),
    )
    parts = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return encoded(PHOTO, "JPEG", exif=exif)


def frames(kind: str) -> bytes:
    return encoded(PHOTO, kind, save_all=True, append_images=[PHOTO.rotate(90), PHOTO.rotate(180)])


def heic() -> bytes:
    pytest.importorskip("pillow_heif").register_heif_opener()
    return encoded(PHOTO, "HEIF")


JPEG = encoded(PHOTO, "JPEG")
CONTENTS: dict[str, tuple[Callable[[], bytes], str | None]] = {
    "empty.jpg": (lambda: b"", "CorruptFileError"),
    "truncated.jpg": (lambda: JPEG[:-99], "CorruptFileError"),
    "text.jpg": (lambda: b"words alone\n", "UnsupportedFileError"),
    "a png.jpg": (lambda: encoded(PHOTO, "PNG"), None),
    "1x1.png": (lambda: encoded(Image.new("RGB", (1, 1)), "PNG"), None),
    "20000x20000.png": (lambda: promising(20_000, 20_000), "FileTooLargeError"),
    "16 bits.png": (lambda: encoded(Image.new("I;16", (9, 7), 40_000), "PNG"), None),
    "cmyk.jpg": (lambda: encoded(PHOTO.convert("CMYK"), "JPEG"), None),
    "palette with alpha.png": (
        lambda: encoded(PHOTO.quantize(8), "PNG", transparency=bytes([0, 128])),
        None,
    ),
    "animated.gif": (lambda: frames("GIF"), None),
    "animated.webp": (lambda: frames("WEBP"), None),
    "pages.tiff": (lambda: frames("TIFF"), None),
    **{
        f"turned {number}.jpg": (lambda number=number: turned(number), None)
        for number in range(1, 9)
    },
    "photo.heic": (heic, None),
    "drawing.png": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>', "UnsupportedFileError"),
}


@pytest.fixture
def caption(make_captioner):
    """Caption files, and return each one's error, with its message."""
    config = ImageConfig(height=32, width=32, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))

    def call(files: list[Path]) -> dict[str, tuple[str, str] | None]:
        captioner = make_captioner(preprocess=ImagePreprocessor(config), num_streams=2)
        done = list(caption_files(captioner, files, SearchConfig(), 3))
        assert [one.record.file for one in done] == [str(file) for file in files]
        assert all((one.record.caption is None) == (one.record.error is not None) for one in done)
        errors = (one.record.error for one in done)
        kinds = [(error.type, error.message) if error else None for error in errors]
        return {file.name: kind for file, kind in zip(files, kinds, strict=True)}

    return call


def test_whatever_a_file_holds(tmp_path, caption):
    for name, (content, _) in CONTENTS.items():
        (tmp_path / name).write_bytes(content())
    errors = caption(find_photos([tmp_path]).files)
    assert {name: kind and kind[0] for name, kind in errors.items()} == {
        n: kind for n, (_, kind) in CONTENTS.items()
    }
    assert "SVG" in errors["drawing.png"][1]
    assert "20000 x 20000" in errors["20000x20000.png"][1]


@pytest.mark.skipif(
    sys.platform in ("win32", "darwin"), reason="needs named pipes, and names that are no Unicode"
)
def test_whatever_is_no_file(tmp_path, caption, monkeypatch):
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "folder.jpg" / "inside.jpg").write_bytes(JPEG)
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "dead link.jpg").symlink_to("nowhere")
    latin = os.fsdecode(b"caf\xe9.jpg")
    for name in (latin, "vanished.jpg", "closed.jpg"):
        (tmp_path / name).write_bytes(JPEG)
    files = find_photos([tmp_path]).files
    (tmp_path / "vanished.jpg").unlink()
    opened = Path.open

    def guarded(path, *arguments, **options):
        if path.name == "closed.jpg":
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments, **options)

    monkeypatch.setattr(Path, "open", guarded)
    errors = caption([*files, tmp_path / "folder.jpg"])
    expected = {
        "folder.jpg": "UnsupportedFileError",
        "inside.jpg": None,
        "pipe.jpg": "UnsupportedFileError",
        "loop.jpg": "FileMissingError",
        "dead link.jpg": "FileMissingError",
        latin: None,
        "vanished.jpg": "FileMissingError",
        "closed.jpg": "FileMissingError",
    }
    assert {name: kind and kind[0] for name, kind in errors.items()} == expected
    assert (
        "permission denied" in errors["closed.jpg"][1]
        and "no such file" in errors["vanished.jpg"][1]
    )


def test_a_disk_that_breaks_while_a_photo_is_read(tmp_path, caption, monkeypatch):
    (tmp_path / "a.jpg").write_bytes(JPEG)

    class Broken(io.BytesIO):
        def read(self, *_):
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "open", lambda *_: Broken())
    assert caption([tmp_path / "a.jpg"])["a.jpg"] == (
        "FileMissingError",
        "cannot be read (Input/output error)",
    )
