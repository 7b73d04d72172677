"""Every kind of photo is read upright in RGB, and every broken one is named."""

import io
import os
import struct
import sys
import threading
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import ExifTags, Image

from captioner.config import ImageConfig
from captioner.errors import (
    ConfigError,
    CorruptFileError,
    FileMissingError,
    FileTooLargeError,
    InputError,
    UnsupportedFileError,
)
from captioner.preprocess.image import UPRIGHT, ImagePreprocessor, read_image

# Five columns and three rows, no two pixels alike, so that any wrong turn shows.
PIXELS = (np.arange(5 * 3 * 3).reshape(3, 5, 3) * 5).astype(np.uint8)
CONFIG = ImageConfig(height=40, width=56, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def photo(width: int = 61, height: int = 47) -> Image.Image:
    """A smooth photo, which lossy formats keep well."""
    across, down = np.meshgrid(np.linspace(0, 200, width), np.linspace(0, 200, height))
    return Image.fromarray(np.stack([across, down, 200 - across], axis=2).astype(np.uint8))


def png_with_size(width: int, height: int) -> bytes:
    """A PNG whose header promises so many pixels and whose data hold none."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


JPEG, PNG = encoded(photo(), "JPEG"), encoded(photo(), "PNG")
SVG = (
    b'<?xml version="1.0"?>\n<!-- a drawing -->\n<svg xmlns="http://www.w3.org/2000/svg"'
    b' width="9" height="9"/>'
)
HTML = b"<!DOCTYPE html><html><body>404<svg/></body></html>"

BAD_FILES = [
    ("empty.jpg", b"", CorruptFileError, "empty"),
    ("text.jpg", b"just some words, no photo at all\n", UnsupportedFileError, "holds text"),
    ("bmw.jpg", b"BMW is a maker of cars\n", UnsupportedFileError, "holds text"),
    ("page.jpg", HTML, UnsupportedFileError, "holds text"),
    ("noise.png", bytes(range(256)) * 9, UnsupportedFileError, "none of a photo's"),
    ("drawing.svg", SVG, UnsupportedFileError, "SVG"),
    ("drawing.png", b"\xef\xbb\xbf" + SVG, UnsupportedFileError, "SVG"),
    (
        "program.eps",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        UnsupportedFileError,
        "holds text",
    ),
    ("paper.pdf", b"%PDF-1.7\n\xe2\xe3\xcf\xd3", UnsupportedFileError, "none of a photo's"),
    ("clip.mp4", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", UnsupportedFileError, "a video or sound"),
    ("head_only.jpg", JPEG[:3], CorruptFileError, "JPEG"),
    ("half.jpg", JPEG[:-99], CorruptFileError, "JPEG.*truncated"),
    ("half.png", PNG[: len(PNG) // 2], CorruptFileError, "PNG"),
    ("header.png", PNG[:20], CorruptFileError, "PNG"),
    ("damaged.png", PNG[:60] + bytes(40) + PNG[100:], CorruptFileError, "PNG"),
    ("half.gif", encoded(photo(), "GIF")[:900], CorruptFileError, "GIF"),
    ("half.webp", encoded(photo(), "WEBP")[:90], CorruptFileError, "WEBP"),
    ("half.tiff", encoded(photo(), "TIFF")[:200], CorruptFileError, "TIFF"),
    ("half.bmp", encoded(photo(), "BMP")[:200], CorruptFileError, "BMP"),
    ("half.avif", b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf", CorruptFileError, "AVIF"),
    ("half.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", CorruptFileError, "HEIF"),
    ("bomb.png", png_with_size(50_000, 50_000), FileTooLargeError, "50000 x 50000"),
    ("lie.png", png_with_size(9, 9), CorruptFileError, "PNG"),
]


@pytest.mark.parametrize(
    ("name", "content", "error", "reason"), BAD_FILES, ids=[row[0] for row in BAD_FILES]
)
def test_bad_file_is_a_named_error(tmp_path, name, content, error, reason):
    path = tmp_path / name
    path.write_bytes(content)
    for source in (path, str(path), content):
        with pytest.raises(error, match=reason) as caught:
            read_image(source)
        assert type(caught.value) is error
        assert caught.value.file == ("<bytes>" if isinstance(source, bytes) else source)
        assert caught.value.reason in str(caught.value)


def test_what_is_no_file(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(UnsupportedFileError, match="folder"):
        read_image(tmp_path)
    for missing in (
        tmp_path / "none.jpg",
        tmp_path / "loop",
        "nul\0.jpg",
        tmp_path / ("long" * 99),
    ):
        with pytest.raises(FileMissingError):
            read_image(missing)


def test_file_that_may_not_be_read(tmp_path, monkeypatch):
    path = tmp_path / "secret.jpg"
    path.write_bytes(JPEG)

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(FileMissingError, match="permission denied"):
        read_image(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipe_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    errors = []

    def read() -> None:
        try:
            read_image(tmp_path / "pipe.jpg")
        except UnsupportedFileError as error:
            errors.append(error)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(timeout=0.5)
    assert len(errors) == 1 and "pipe" in errors[0].reason


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="their file names are Unicode")
def test_name_that_is_not_utf8(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png"))
    path.write_bytes(PNG)
    assert read_image(path).size == (61, 47)
    assert read_image(str(path)).size == (61, 47)


def test_missing_heic_extra_names_the_install_line(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(UnsupportedFileError, match=r"pip install 'captioner\[heic\]'"):
        read_image(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")


def test_heic(tmp_path):
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    content = encoded(photo(64, 48), "HEIF", quality=95)
    assert (
        np.abs(np.asarray(read_image(content)).astype(int) - np.asarray(photo(64, 48))).mean() < 3
    )


def test_limit_of_pixels_is_exact_and_our_own():
    assert read_image(PNG, max_pixels=61 * 47).size == (61, 47)
    for source in (PNG, Image.open(io.BytesIO(PNG)), np.asarray(photo())):
        with pytest.raises(FileTooLargeError, match=r"61 x 47 pixels.*2866"):
            read_image(source, max_pixels=61 * 47 - 1)
    # Pillow's own limit, which is lower and warns or raises, plays no part.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(CorruptFileError):
            read_image(png_with_size(20_000, 10_000), max_pixels=200_000_000)
        with pytest.raises(FileTooLargeError):
            read_image(png_with_size(20_000, 10_001), max_pixels=200_000_000)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "image"])
def test_exif_orientation(orientation, kind):
    upright = Image.fromarray(PIXELS)
    undo = UPRIGHT.get(orientation)
    # What the camera stored: the turn that `undo` takes back. Quarter turns are each other's
    # inverse, all else its own.
    inverse = {
        Image.Transpose.ROTATE_90: Image.Transpose.ROTATE_270,
        Image.Transpose.ROTATE_270: Image.Transpose.ROTATE_90,
    }
    stored = upright if undo is None else upright.transpose(inverse.get(undo, undo))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    source = encoded(
        stored,
        "PNG" if kind == "image" else kind,
        exif=exif,
        **({"lossless": True} if kind == "WEBP" else {}),
    )
    result = read_image(Image.open(io.BytesIO(source)) if kind == "image" else source)
    assert np.array_equal(np.asarray(result), PIXELS)


def test_exif_orientation_by_the_letter():
    """Exif 2.32: where row 0 and column 0 of the stored photo lie in the upright one, for the
    pixel in its corner.
    """
    corners = {
        1: (0, 0),
        2: (0, -1),
        3: (-1, -1),
        4: (-1, 0),
        5: (0, 0),
        6: (0, -1),
        7: (-1, -1),
        8: (-1, 0),
    }
    for orientation, corner in corners.items():
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = orientation
        result = np.asarray(read_image(encoded(Image.fromarray(PIXELS), "PNG", exif=exif)))
        assert result.shape == ((3, 5, 3) if orientation < 5 else (5, 3, 3))
        assert np.array_equal(result[corner], PIXELS[0, 0])


def test_broken_exif_is_no_reason_to_refuse():
    content = encoded(photo(), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12\x01")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
        assert read_image(content).size == (61, 47)
    assert not caught


def grey(mode: str) -> Image.Image:
    values = {"I;16": np.uint16([[0, 257 * 77, 65535]]), "I": np.int32([[0, 257 * 77, 65535]])}
    return Image.fromarray(values.get(mode, np.float32([[0, 77 / 255, 1]])))


def palette_with_alpha() -> Image.Image:
    image = Image.fromarray(np.uint8([[9, 77]])).convert("PA")
    image.putalpha(Image.fromarray(np.uint8([[0, 255]])))
    return image


GREY_77 = [[0, 77, 255]]
MODES = [
    ("L", Image.fromarray(np.uint8(GREY_77)), GREY_77),
    ("I;16", grey("I;16"), GREY_77),
    ("I", grey("I"), GREY_77),
    ("I of 8 bits", Image.fromarray(np.int32(GREY_77)), GREY_77),
    ("I, stretched", Image.fromarray(np.int32([[-100, 0, 100]])), [[0, 128, 255]]),
    ("F", grey("F"), GREY_77),
    ("F of 8 bits", Image.fromarray(np.float32(GREY_77)), GREY_77),
    ("F with NaN", Image.fromarray(np.float32([[np.nan, 77 / 255, 1]])), GREY_77),
    ("1", Image.fromarray(np.array([[False, True, True]])), [[0, 255, 255]]),
    ("LA", Image.fromarray(np.uint8([[[9, 0], [77, 255], [0, 255]]])), [[255, 77, 0]]),
    (
        "RGBA",
        Image.fromarray(np.uint8([[[9, 9, 9, 0], [77, 77, 77, 255], [0, 0, 0, 255]]])),
        [[255, 77, 0]],
    ),
    (
        "RGBa",
        Image.fromarray(np.uint8([[[0, 0, 0, 0], [0, 0, 0, 51]]])).convert("RGBa"),
        [[255, 204]],
    ),
    ("La", Image.fromarray(np.uint8([[[9, 0], [77, 255]]])).convert("La"), [[255, 77]]),
    ("P", Image.fromarray(np.uint8(GREY_77)).convert("P"), GREY_77),
    ("PA", palette_with_alpha(), [[255, 77]]),
    ("CMYK", Image.fromarray(np.uint8(GREY_77)).convert("RGB").convert("CMYK"), GREY_77),
    ("YCbCr", Image.fromarray(np.uint8(GREY_77)).convert("RGB").convert("YCbCr"), GREY_77),
    ("HSV", Image.fromarray(np.uint8(GREY_77)).convert("RGB").convert("HSV"), GREY_77),
    ("LAB", Image.frombytes("LAB", (2, 1), bytes([0, 0, 0, 255, 0, 0])), [[0, 255]]),
]


@pytest.mark.parametrize(("mode", "image", "expected"), MODES, ids=[row[0] for row in MODES])
def test_every_mode_becomes_rgb(mode, image, expected):
    result = read_image(image)
    assert result.mode == "RGB"
    assert np.abs(np.asarray(result).astype(int) - np.array(expected)[:, :, None]).max() <= 1


def test_half_transparent_is_flattened_on_white():
    pixel = np.uint8([[[200, 100, 0, 51]]])  # a fifth of it shows
    expected = [255 - (255 - 200) / 5, 255 - (255 - 100) / 5, 255 - 255 / 5]
    for source in (
        pixel,
        encoded(Image.fromarray(pixel), "PNG"),
        encoded(Image.fromarray(pixel), "TIFF"),
    ):
        assert np.abs(np.asarray(read_image(source))[0, 0] - np.array(expected)).max() <= 1


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "P", "I;16"])
def test_png_transparent_colour_is_flattened_on_white(mode):
    base = Image.fromarray(np.uint8([[0, 255 if mode == "1" else 77]]))
    image = Image.fromarray(np.uint16([[7, 77 * 257]])) if mode == "I;16" else base.convert(mode)
    transparent = {"RGB": (0, 0, 0), "I;16": 7}.get(mode, image.getpixel((0, 0)))
    result = np.asarray(read_image(encoded(image, "PNG", transparency=transparent)))
    assert result[0, 0].tolist() == [255, 255, 255]
    assert result[0, 1].tolist() == ([255] * 3 if mode == "1" else [77] * 3)


def test_palette_with_transparency_in_bytes_warns_nobody():
    image = Image.fromarray(PIXELS).quantize(8)
    content = encoded(image, "PNG", transparency=bytes([0, 128, 255]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_image(content).mode == "RGB"


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "TIFF"])
def test_first_frame(kind):
    first, second = Image.new("RGB", (7, 5), "red"), Image.new("RGB", (7, 5), "blue")
    options = {"lossless": True} if kind == "WEBP" else {}
    result = read_image(encoded(first, kind, save_all=True, append_images=[second], **options))
    assert result.getpixel((3, 2)) == (255, 0, 0)


@pytest.mark.parametrize(
    "kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "JPEG2000", "PPM", "ICO"]
)
def test_every_kind_of_file(kind):
    result = read_image(
        encoded(photo(48, 32), kind, **({"sizes": [(48, 32)]} if kind == "ICO" else {}))
    )
    assert result.size == (48, 32)
    assert np.abs(np.asarray(result).astype(int) - np.asarray(photo(48, 32))).mean() < 6


def test_cmyk_jpeg():
    result = read_image(encoded(photo().convert("CMYK"), "JPEG", quality=95))
    assert np.abs(np.asarray(result).astype(int) - np.asarray(photo())).mean() < 4


def test_sixteen_bit_png_keeps_its_range():
    assert read_image(encoded(grey("I;16"), "PNG")).getpixel((1, 0)) == (77, 77, 77)


ARRAYS = [
    (np.zeros((5, 3), np.uint8), (3, 5)),
    (np.zeros((5, 3, 1), np.uint8), (3, 5)),
    (np.zeros((5, 3, 3), np.float32), (3, 5)),
    (np.ones((5, 3, 4), np.float64), (3, 5)),
    (np.zeros((10, 3, 3), np.uint8)[::2], (3, 5)),
]


@pytest.mark.parametrize(("array", "size"), ARRAYS)
def test_array(array, size):
    assert read_image(array).size == size


def test_array_of_floats_and_of_bytes_are_the_same_photo():
    assert np.array_equal(np.asarray(read_image(PIXELS / 255)), PIXELS)
    assert np.array_equal(np.asarray(read_image(PIXELS)), PIXELS)


BAD_SOURCES = [
    (np.zeros(7, np.uint8), "height x width"),
    (np.zeros((3, 5, 7), np.uint8), "3 x 5 x 7"),
    (np.zeros((2, 3, 5, 3), np.uint8), "2 x 3 x 5 x 3"),
    (np.zeros((0, 5, 3), np.uint8), "no pixels"),
    (np.zeros((5, 3), np.int64), "int64"),
    (np.zeros((5, 3), bool), "bool"),
    (np.full((5, 3), 255.0), "0 to 255|255 to 255"),
    (np.full((5, 3), -0.1), "-0.1"),
    (np.full((5, 3), np.nan), "nan"),
    (torch.zeros(3, 5, 7), "<Tensor>"),
    (None, "<NoneType>"),
    (Image.new("RGB", (0, 5)), "nothing to see"),
]


@pytest.mark.parametrize(("source", "reason"), BAD_SOURCES)
def test_bad_source(source, reason):
    with pytest.raises(InputError, match=reason):
        # Not through the annotated name: the runtime checks of shapes and types would speak first.
        getattr(read_image, "__wrapped__", read_image)(source)


def test_given_image_is_left_as_it_was():
    image = Image.fromarray(PIXELS).convert("P")
    before = image.tobytes()
    read_image(image)
    assert (image.mode, image.tobytes()) == ("P", before)
    rgb = Image.fromarray(PIXELS)
    read_image(rgb).putpixel((0, 0), (1, 2, 3))
    assert np.array_equal(np.asarray(rgb), PIXELS)


def test_closed_image_is_a_named_error(tmp_path):
    (tmp_path / "photo.png").write_bytes(PNG)
    image = Image.open(tmp_path / "photo.png")
    image.close()
    with pytest.raises(CorruptFileError, match=r"photo\.png"):
        read_image(image)


def test_large_jpeg_is_decoded_smaller_but_never_too_small():
    content = encoded(photo(1000, 600), "JPEG")
    for at_least in (0, 60, 75, 76, 150, 299, 301, 999, 5000):
        image = read_image(content, at_least=at_least)
        assert min(image.size) >= min(at_least, 600)
        if at_least:
            assert min(image.size) / 2 < at_least or image.width == 125  # an eighth is the smallest
    assert read_image(content).size == (1000, 600)


@pytest.mark.parametrize("how", ["squash", "crop", "pad"])
@pytest.mark.parametrize("size", [(61, 47), (47, 61), (56, 40), (3, 700), (1, 1)])
def test_array_has_the_shape_and_range_that_the_config_says(how, size):
    preprocess = ImagePreprocessor(CONFIG.model_copy(update={"resize": how}))
    for array in (
        preprocess(photo(*size)),
        preprocess.view(photo(*size), mirrored=True, crop_seed=3),
    ):
        assert array.shape == (3, 40, 56)
        assert array.dtype == np.float32 and array.flags.c_contiguous
        assert array.min() >= -1 and array.max() <= 1
    augmented = preprocess.augment(photo(*size), seed=3)
    assert augmented.shape == (3, 40, 56) and augmented.dtype == np.uint8


def test_photo_of_the_right_size_is_normalised_and_nothing_else():
    image, config = (
        photo(56, 40),
        ImageConfig(height=40, width=56, mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7)),
    )
    expected = (np.asarray(image) / 255 - np.array(config.mean)) / np.array(config.std)
    assert np.allclose(ImagePreprocessor(config)(image).transpose(1, 2, 0), expected, atol=1e-6)


def test_three_ways_of_fitting():
    """A photo twice as wide as the input, black with a white left eighth."""
    pixels = np.zeros((40, 112, 3), np.uint8)
    pixels[:, :14] = 255
    rows = {}
    for how in ("squash", "crop", "pad"):
        rows[how] = ImagePreprocessor(CONFIG.model_copy(update={"resize": how}))(
            Image.fromarray(pixels)
        )[0]
    assert (rows["squash"][20, :6] > 0.9).all() and (rows["squash"][20, 9:] < -0.9).all()
    assert (rows["crop"] == -1).all()  # the white eighth is cut off
    assert (abs(rows["pad"][:9]) < 0.01).all() and (abs(rows["pad"][-9:]) < 0.01).all()  # grey
    assert (rows["pad"][12:28, :6] > 0.9).all() and (rows["pad"][12:28, 9:] < -0.9).all()


def test_mirror_is_a_mirror():
    preprocess = ImagePreprocessor(CONFIG)
    assert np.array_equal(preprocess.view(photo()), preprocess(photo()))
    mirrored = preprocess.view(photo(), mirrored=True)
    assert np.array_equal(mirrored[..., ::-1], preprocess(photo()))
    both = preprocess.view(photo(), mirrored=True, crop_seed=5)
    assert np.array_equal(both[..., ::-1], preprocess.view(photo(), crop_seed=5))


def test_without_flips_nothing_is_mirrored():
    image = Image.fromarray(
        np.repeat(np.arange(0, 240, 4, np.uint8)[None, :, None], 40, 0).repeat(3, 2)
    )  # lighter to the right
    preprocess = ImagePreprocessor(CONFIG)

    def mirrored(flips: bool) -> list[bool]:
        arrays = [preprocess.augment(image, seed, flips) for seed in range(20)]
        return [bool(array[..., :9].mean() > array[..., -9:].mean()) for array in arrays]

    assert len(set(mirrored(True))) == 2
    assert not any(mirrored(False))


def test_chance_comes_from_the_seed_alone():
    preprocess = ImagePreprocessor(CONFIG)
    for draw in (
        lambda seed: preprocess.augment(photo(), seed),
        lambda seed: preprocess.view(photo(), crop_seed=seed),
    ):
        torch.manual_seed(1)
        first, state = draw(7), torch.get_rng_state()
        torch.manual_seed(2)
        assert np.array_equal(first, draw(7))
        assert not np.array_equal(first, draw(8))
        torch.manual_seed(1)
        assert torch.equal(state, torch.get_rng_state())


def test_reading_for_the_encoder_refuses_by_the_config():
    with pytest.raises(FileTooLargeError, match="100"):
        ImagePreprocessor(CONFIG.model_copy(update={"max_pixels": 100})).read(PNG)
    assert ImagePreprocessor(CONFIG).read(encoded(photo(1000, 600), "JPEG")).size == (250, 150)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "JPEG", "image"])
@pytest.mark.parametrize("size", [(1203, 907), (907, 1203), (336, 336)])
def test_large_photos_are_kept_small_and_look_the_same(kind, size):
    preprocess, whole = ImagePreprocessor(CONFIG), photo(*size)
    image = preprocess.read(whole if kind == "image" else encoded(whole, kind))
    at_least = 2 * 56
    assert at_least <= min(image.size) < 2 * at_least
    assert abs(preprocess(image) - preprocess(whole)).mean() < 0.01


@pytest.mark.parametrize("size", [(223, 900), (50, 40), (3, 700)])
def test_other_photos_are_read_as_they_are(size):
    assert ImagePreprocessor(CONFIG).read(encoded(photo(*size), "PNG")).size == size


def test_mean_and_deviation_must_be_given():
    with pytest.raises(ConfigError, match=r"image\.mean"):
        ImagePreprocessor(ImageConfig())
