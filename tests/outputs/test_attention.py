"""Pictures of attention are lit where the weights are."""

import os
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from captioner.errors import OutputError, ShapeError, UsageError
from captioner.outputs import special_files
from captioner.outputs.attention import (
    GAP,
    LINE_HEIGHT,
    MARGIN,
    PANEL_HEIGHT,
    PANEL_WIDTH,
    AttentionWriter,
    draw_attention,
    draw_frames,
)
from captioner.preprocess.video import Clip

WORDS = ["a", "dog", "runs"]
MAPS = np.full((3, 3, 5), 1 / 15, dtype=np.float32)
WHITE = Image.new("RGB", (720, 480), "white")


def panel(sheet: Image.Image, number: int, top: int) -> np.ndarray:
    """Cut one panel of 360 by 240 pixels out of the first row."""
    left = MARGIN + number * (PANEL_WIDTH + GAP)
    return np.asarray(sheet.crop((left, top, left + 360, top + 240)).convert("L"), dtype=float)


def test_the_photo_is_lit_where_the_map_is_high_and_dim_elsewhere() -> None:
    maps = np.zeros((3, 3, 5), dtype=np.float32)
    for word, (row, column) in enumerate([(0, 4), (2, 0), (0, 2)]):
        maps[word, row, column] = 0.1  # small, and yet its brightest spot is as bright as the photo
    sheet = draw_attention(WHITE, WORDS, maps)
    top = sheet.height - MARGIN - 240
    assert panel(sheet, 0, top)[20:-20, 20:-20].min() == 255
    for word, (row, column) in enumerate([(0, 4), (2, 0), (0, 2)]):
        lit = panel(sheet, word + 1, top)
        across, down = 72 * column + 36, 80 * row + 40
        assert lit[down, across] > 200
        assert lit[down, across] > lit[20:-20, 20:-20].max() - 50
        assert lit[239 - down, across] < 110
        assert lit[down, (across + 180) % 360] < 110


def test_an_even_map_leaves_the_photo_as_it_is() -> None:
    sheet = draw_attention(WHITE, WORDS, MAPS)
    top = sheet.height - MARGIN - 240
    assert np.array_equal(panel(sheet, 0, top), panel(sheet, 2, top))


def test_scale_of_a_map_changes_nothing() -> None:
    maps = np.random.default_rng(0).random((3, 3, 5)).astype(np.float32)
    assert (
        draw_attention(WHITE, WORDS, maps).tobytes()
        == draw_attention(WHITE, WORDS, maps * 0.125).tobytes()
    )


def test_tensors_and_arrays_draw_the_same() -> None:
    maps = np.random.default_rng(0).random((3, 3, 5)).astype(np.float32)
    assert (
        draw_attention(WHITE, WORDS, torch.from_numpy(maps)).tobytes()
        == draw_attention(WHITE, WORDS, maps).tobytes()
    )


@pytest.mark.parametrize(
    ("num_words", "columns", "rows"), [(0, 1, 1), (4, 5, 1), (5, 3, 2), (6, 4, 2), (20, 5, 5)]
)
def test_panels_fill_rows_evenly(num_words: int, columns: int, rows: int) -> None:
    sheet = draw_attention(WHITE, ["dog"] * num_words, np.ones((num_words, 3, 5)))
    assert sheet.width == 2 * MARGIN + columns * PANEL_WIDTH + (columns - 1) * GAP
    assert rows * 240 < sheet.height < rows * 240 + 2 * MARGIN + (rows - 1) * GAP + (rows + 6) * 50


@pytest.mark.parametrize("size", [(1, 1), (3000, 7), (7, 3000), (301, 203)])
@pytest.mark.parametrize("mode", ["L", "RGBA", "CMYK", "P"])
def test_any_photo_is_drawn(size: tuple[int, int], mode: str) -> None:
    sheet = draw_attention(Image.new(mode, size), ["übergrößenlangeswort" * 9, "写真", ""], MAPS)
    assert sheet.mode == "RGB"
    assert sheet.width <= 2 * MARGIN + 4 * (PANEL_WIDTH + GAP)
    assert sheet.height <= 2 * MARGIN + PANEL_HEIGHT + 200


@pytest.mark.parametrize("shape", [(3, 15), (2, 3, 5), (4, 3, 5), (3, 0, 5), (1, 3, 3, 5)])
def test_maps_that_do_not_fit_the_words_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match="for 3 words"):
        draw_attention(WHITE, WORDS, np.zeros(shape))


def test_a_map_of_zeros_dims_all() -> None:
    sheet = draw_attention(WHITE, WORDS, 0 * MAPS)
    assert panel(sheet, 1, sheet.height - MARGIN - 240)[20:-20, 20:-20].max() < 110


def test_pictures_of_photos_with_one_name_do_not_share_a_file(tmp_path: Path) -> None:
    files = [tmp_path / "in" / name for name in ("a.jpg", "a.png", "b/a.jpg", "c/../c/a.jpg")]
    writer = AttentionWriter(tmp_path / "out" / "deep", files)
    for file in files:
        writer.write(file, WHITE, WORDS, MAPS)
    found = sorted(
        path.relative_to(tmp_path / "out" / "deep").as_posix() for path in tmp_path.rglob("*.png")
    )
    assert found == ["a.jpg.png", "a.png.png", "b/a.jpg.png", "c/a.jpg.png"]
    assert Image.open(tmp_path / "out" / "deep" / "a.jpg.png").format == "PNG"


def test_a_relative_file_has_its_picture_in_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert AttentionWriter("out", ["photo.jpg"]).path("photo.jpg") == Path("out/photo.jpg.png")


def test_a_folder_that_cannot_be_made_is_wrong_use(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be made"):
        AttentionWriter(tmp_path / "file", [])


def test_a_picture_that_cannot_be_saved_is_an_output_error(tmp_path: Path) -> None:
    writer = AttentionWriter(tmp_path, ["a.jpg"])
    writer.path("a.jpg").mkdir()
    with pytest.raises(OutputError, match=r"a\.jpg\.png: results cannot be written"):
        writer.write("a.jpg", WHITE, WORDS, MAPS)


def test_frames_are_as_bright_as_they_counted() -> None:
    clip = Clip((WHITE,) * 3, (0.5, 1.5, 2.5), 3.0)
    sheet = draw_frames(clip, ["surfing", "man"], np.array([[0.1, 0.3, 0.6], [0.5, 0.25, 0.25]]))
    shades = np.asarray(sheet.convert("L"), dtype=int)
    width, height = 240, 160  # what a frame of 720 by 480 is fitted into
    row = (sheet.height - MARGIN) // 2
    for word, brightest in ((0, 2), (1, 0)):
        middle = MARGIN + word * row + LINE_HEIGHT + height // 2
        lights = [shades[middle, MARGIN + frame * (width + GAP) + width // 2] for frame in range(3)]
        assert max(lights) == lights[brightest] == 255
        assert min(lights) < 180
    with pytest.raises(ShapeError, match="2 words and 3 frames"):
        draw_frames(clip, ["surfing", "man"], np.ones((3, 2)))


def write_one(folder: Path) -> None:
    AttentionWriter(folder, ["a.jpg"]).write("a.jpg", WHITE, WORDS, MAPS)


def test_a_pipe_in_the_place_of_a_picture_gets_it_and_stays(tmp_path):
    os.mkfifo(pipe := tmp_path / "a.jpg.png")
    read: list[bytes] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write_one(tmp_path)
    reader.join(10)
    assert read[0].startswith(b"\x89PNG") and pipe.is_fifo()


def test_a_link_in_the_place_of_a_picture_stays(tmp_path):
    (tmp_path / "looks").mkdir()
    (tmp_path / "looks" / "a.jpg.png").symlink_to(tmp_path / "elsewhere.png")
    write_one(tmp_path / "looks")
    assert (tmp_path / "looks" / "a.jpg.png").is_symlink()
    assert Image.open(tmp_path / "elsewhere.png").size > (1, 1)


@pytest.mark.parametrize("kind", ["pipe", "folder", "full", "gone"])
def test_a_picture_that_cannot_be_saved_is_a_named_error(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(special_files, "READER_COMES_IN_S", 0.1)
    path = tmp_path / "a.jpg.png"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/full" if kind == "full" else "/none/at/all")
    with pytest.raises(OutputError, match=r"a\.jpg\.png"):
        write_one(tmp_path)


@pytest.mark.parametrize("folder", ["-", "file", "/dev/null", "pipe"])
def test_pictures_go_to_no_stream_and_no_file(tmp_path, monkeypatch, folder):
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    os.mkfifo("pipe")
    with pytest.raises(UsageError, match=folder):
        AttentionWriter(folder, [])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "pipe"]
