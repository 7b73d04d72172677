"""Draws pictures of attention: a panel for each word, lit where the decoder looked."""

import math
import os
import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw, ImageFont

from captioner.errors import OutputError, ShapeError, UsageError
from captioner.outputs.disk import output_errors, whole_file
from captioner.outputs.special_files import STANDARD_OUTPUT
from captioner.preprocess.fetching import is_elsewhere
from captioner.preprocess.video import Clip

COLUMNS = 5
LONGEST_NAME = 100  # of the file name that stands for an address, in characters
# Lengths in pixels. A panel is twice as large as a screen of normal density needs, so that the
# picture stays sharp.
PANEL_WIDTH, PANEL_HEIGHT = 360, 440  # a photo is fitted into these
FRAME_WIDTH, FRAME_HEIGHT = 240, 240  # a clip's frame is fitted into these
NARROWEST = 220  # least width of a column, so that words fit above a tall photo
GAP, MARGIN, LABEL_GAP, CORNER = 28, 44, 12, 10
FONT_SIZE, SMALLEST_FONT = 24, 10
LINE_HEIGHT = 32
PAPER, INK = "#ffffff", "#1c1c1e"
# The brightness and colour that remain where the decoder did not look.
DIMMED_LIGHT = 0.36
DIMMED_COLOUR = 0.35


def draw_attention(image: Image.Image, words: Sequence[str], attention: ArrayLike) -> Image.Image:
    """Draw the photo with its caption, and then once per word, lit where the decoder looked.

    The brightest spot of each panel has the photo's original brightness, whatever its weight.
    Panels show where the decoder looked, not how much.

    Args:
        image: The part of the photo that the grid covers, which is all of it if the encoder
            squashes photos.
        words: The caption's words.
        attention: One map per word, `[word, height, width]`, an array or a tensor in the CPU's
            memory.

    Raises:
        ShapeError: There is not exactly one map per word, or the maps are empty.
    """
    maps = np.asarray(attention, dtype=np.float32)
    if maps.ndim != 3 or len(maps) != len(words) or 0 in maps.shape[1:]:
        raise ShapeError(
            f"attention: shape {maps.shape} for {len(words)} words; give [word, height, width]"
        )
    photo = _fitted(image)
    lights = (brightness(weights, photo.size)[:, :, None] for weights in maps)
    panels = [photo, *(_dimmed(photo, light) for light in lights)]
    rows = math.ceil(len(panels) / COLUMNS)
    columns = math.ceil(len(panels) / rows)  # seven become four and three, not five and two
    cell = max(photo.width, NARROWEST)
    labels = [_wrapped(" ".join(words), cell), *([word] for word in words)]
    heights = [
        max(map(len, labels[at : at + columns])) * LINE_HEIGHT
        for at in range(0, len(panels), columns)
    ]
    height = 2 * MARGIN - GAP + sum(lines + LABEL_GAP + photo.height + GAP for lines in heights)
    sheet = Image.new("RGB", (2 * MARGIN - GAP + columns * (cell + GAP), height), PAPER)
    top = MARGIN
    for row, lines in enumerate(heights):
        top += lines + LABEL_GAP
        for column, number in enumerate(
            range(row * columns, min((row + 1) * columns, len(panels)))
        ):
            left = MARGIN + column * (cell + GAP)
            sheet.paste(panels[number], (left, top), _rounded(photo.size))
            _write_above(sheet, labels[number], left, top - LABEL_GAP, cell)
        top += photo.height + GAP
    return sheet


def draw_frames(clip: Clip, words: Sequence[str], attention: ArrayLike) -> Image.Image:
    """Draw the frames of a clip in a row for each word, lit by the attention that they got.

    The brightest frame of a word keeps its original brightness, whatever its weight. The weight and
    the frame's time are written below each frame.

    Args:
        clip: The frames that the model saw.
        words: The caption's words, or the label alone.
        attention: Weights, `[word, frame]`, an array or a tensor in the CPU's memory.

    Raises:
        ShapeError: There is not exactly one weight per frame for each word.
    """
    weights = np.asarray(attention, dtype=np.float32)
    if weights.shape != (len(words), len(clip.frames)):
        raise ShapeError(
            f"attention: shape {weights.shape} for {len(words)} words and {len(clip.frames)} frames"
        )
    frames = [_fitted(frame, FRAME_WIDTH, FRAME_HEIGHT) for frame in clip.frames]
    width, height = frames[0].size
    row = 2 * LINE_HEIGHT + LABEL_GAP + height + GAP
    sheet = Image.new(
        "RGB", (2 * MARGIN - GAP + len(frames) * (width + GAP), MARGIN + len(words) * row), PAPER
    )
    for number, (word, of_word) in enumerate(zip(words, weights, strict=True)):
        top = MARGIN + number * row + LINE_HEIGHT
        _write_above(sheet, [word], MARGIN, top - LABEL_GAP // 2, sheet.width - 2 * MARGIN)
        for column, (frame, weight) in enumerate(zip(frames, of_word, strict=True)):
            left = MARGIN + column * (width + GAP)
            level = weight / max(float(of_word.max()), 1e-12)
            light = np.full((height, width, 1), level, np.float32)
            sheet.paste(_dimmed(frame, light), (left, top), _rounded(frame.size))
            below = f"{clip.times_s[column]:.1f} s · {weight:.0%}"
            _write_above(sheet, [below], left, top + height + LINE_HEIGHT, width)
    return sheet


def picture_folder(folder: str | Path) -> Path:
    """Create the folder for pictures, and return its path.

    Raises:
        UsageError: It cannot be created, or it is `-`, since pictures cannot share one stream.
    """
    if Path(folder) == STANDARD_OUTPUT:
        raise UsageError("-: pictures go to a folder, not to standard output: name one")
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder}: the folder cannot be made ({error.strerror})") from error
    return Path(folder)


def save_picture(path: Path, picture: Image.Image) -> None:
    """Save a PNG completely or not at all; devices, pipes and links stay what they are.

    Raises:
        OutputError: It cannot be saved.
    """
    try:
        with output_errors(path), whole_file(path) as part:
            picture.save(part, "PNG")
    except UsageError as error:  # a folder of that name, a pipe that nobody reads
        raise OutputError(f"{path}: results cannot be written ({error})") from error


class AttentionWriter:
    """Saves one PNG per photo or clip, in the same subfolders, as in `FOLDER/trip/photo.jpg.png`.

    Args:
        folder: Where the pictures go; it is created if it is missing.
        files: The photos or clips to come. Their subfolders are those below the deepest folder that
            holds all files.

    Raises:
        UsageError: The folder cannot be created.
    """

    def __init__(self, folder: str | Path, files: Iterable[str | Path]) -> None:
        self._folder = picture_folder(folder)
        on_disk = (Path(file) for file in files if not is_elsewhere(file))
        parents = {os.path.abspath(file.parent) for file in on_disk}  # noqa: PTH100 (resolve would follow links)
        self._common = os.path.commonpath(parents) if parents else str(Path.cwd())

    def path(self, file: str | Path) -> Path:
        """Return the picture's path.

        In an address, characters other than letters, digits, `_`, `.` and `-` become hyphens.
        """
        if is_elsewhere(file):
            name = re.sub(r"[^\w.-]+", "-", str(file).partition("://")[2])[-LONGEST_NAME:].lstrip(
                "."
            )
            return self._folder / f"{name or 'standard-input'}.png"
        return self._folder / f"{os.path.relpath(file, self._common)}.png"

    def write(
        self,
        file: str | Path,
        image: Image.Image | Clip,
        words: Sequence[str],
        attention: ArrayLike,
    ) -> None:
        """Draw and save one picture, as `draw_attention` or `draw_frames` does.

        Raises:
            ShapeError: The attention does not fit the words, or the clip's frames.
            OutputError: The picture cannot be saved.
        """
        path = self.path(file)
        if isinstance(image, Clip):
            picture = draw_frames(image, words, attention)
        else:
            picture = draw_attention(image, words, attention)
        with output_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        save_picture(path, picture)


def brightness(weights: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """Return the brightness that a map gives to each pixel, `[height, width]`.

    It is 1 at the brightest spot, and 0 where the decoder did not look.

    Args:
        weights: One word's map, `[height, width]`.
        size: Width and height in pixels, in Pillow's order.
    """
    smooth = np.asarray(Image.fromarray(weights).resize(size, Image.Resampling.BICUBIC))
    # Bicubic interpolation can fall below 0.
    light: NDArray[np.float32] = (smooth / max(float(smooth.max()), 1e-12)).clip(0, 1)
    return light


def _fitted(
    image: Image.Image, width: int = PANEL_WIDTH, height: int = PANEL_HEIGHT
) -> Image.Image:
    scale = min(width / image.width, height / image.height)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.convert("RGB").resize(size, Image.Resampling.LANCZOS)


def _dimmed(photo: Image.Image, light: NDArray[np.float32]) -> Image.Image:
    """Return the photo as it is where there is light, and dark and grey where there is none."""
    bright = np.asarray(photo, dtype=np.float32)
    grey = bright.mean(axis=2, keepdims=True)
    dark = DIMMED_LIGHT * (grey + DIMMED_COLOUR * (bright - grey))
    return Image.fromarray((dark + light * (bright - dark)).round().astype(np.uint8))


def _write_above(
    sheet: Image.Image, lines: Sequence[str], left: int, bottom: int, width: int
) -> None:
    draw = ImageDraw.Draw(sheet)
    for number, line in enumerate(reversed(lines)):
        size = FONT_SIZE
        while size > SMALLEST_FONT and _font(size).getlength(line) > width:
            size -= 1
        draw.text(
            (left, bottom - number * LINE_HEIGHT), line, fill=INK, font=_font(size), anchor="ld"
        )


def _wrapped(text: str, width: int) -> list[str]:
    """Break a text into lines that fit; a word that is too wide gets a line of its own."""
    lines: list[str] = []
    for word in text.split():
        if lines and _font(FONT_SIZE).getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    # Matplotlib's DejaVu Sans has more than Latin letters; Pillow's own font has only ASCII.
    from matplotlib import get_data_path

    return ImageFont.truetype(str(Path(get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"), size)


@lru_cache(maxsize=16)
def _rounded(size: tuple[int, int]) -> Image.Image:
    """Return a mask with round corners, drawn four times as large so that they are smooth."""
    large = Image.new("L", (4 * size[0], 4 * size[1]))
    ImageDraw.Draw(large).rounded_rectangle(
        (0, 0, large.width - 1, large.height - 1), 4 * CORNER, fill=255
    )
    return large.resize(size, Image.Resampling.LANCZOS)
