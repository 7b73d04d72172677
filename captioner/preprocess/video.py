"""Reads the frames of a clip at given moments, upright and in RGB, from any kind of video file."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from captioner.errors import CorruptFileError, FileTooLargeError, UnsupportedFileError
from captioner.preprocess.container import open_container
from captioner.preprocess.kinds import CLIP_SIGNATURES
from captioner.preprocess.opening import FileSource, open_source

ClipSource = FileSource

MICROSECONDS = 1e6  # FFmpeg's AV_TIME_BASE, the unit of a container's length
ROUNDING_S = 1e-6
REFUSAL = "not a clip that can be read ({holds}); use MP4, WebM, MKV or AVI"
LEAP_S = 10.0
"""Without an index of key frames, the player seeks only to moments at least this far ahead, since
encoders rarely put key frames farther apart (x264: 250 frames).
"""
BROKEN_OFF_S = 1.0
"""Decoded frames may end this much earlier than the index, since AVI counts dropped frames."""
UPRIGHT = {
    90: Image.Transpose.ROTATE_90,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_270,
}


@dataclass(frozen=True)
class Clip:
    """Some frames of a clip.

    Attributes:
        frames: Upright, in RGB, in their order.
        times_s: The time of each, seconds from the clip's beginning.
        duration_s: How long the clip lasts, seconds.
    """

    frames: tuple[Image.Image, ...]
    times_s: tuple[float, ...]
    duration_s: float


def evenly_spread(num_frames: int) -> tuple[float, ...]:
    """Return the middles of `num_frames` equal parts of a clip, as fractions of its length."""
    return tuple((number + 0.5) / num_frames for number in range(num_frames))


def read_clip(
    source: Any, moments: Sequence[float], max_pixels: int = 200_000_000, at_least: int = 0
) -> Clip:
    """Read the frames shown at given moments; a clip with fewer frames gives some of them twice.

    Frames in between are skipped as far as the file's key frames allow.

    Args:
        source: A file's path, its bytes, or an open file.
        moments: Fractions of the clip's length, 0 to 1, ascending.
        max_pixels: Clips with larger frames are refused before they are decoded.
        at_least: If positive, frames are reduced by a whole factor, which saves memory, as long as
            no side gets shorter than `at_least` pixels.

    Raises:
        FileMissingError: Nothing is there, or it may not be read.
        UnsupportedFileError: It is no clip, is of a kind that is not read, or holds sound alone.
        CorruptFileError: The clip is broken or cut off, has no frames, or has frames that are much
            larger than its header says and `max_pixels` allows.
        FileTooLargeError: Its frames have more than `max_pixels`.
        InputError: The source is none of those above.
        MissingExtraError: PyAV is not installed.
    """
    with open_source(source, "clip", "a path, the bytes of a file, or an open file") as (
        stream,
        name,
    ):
        return _decoded(stream, str(name), moments, max_pixels, at_least)


def _decoded(
    stream: io.BytesIO | io.BufferedReader,
    name: str,
    moments: Sequence[float],
    max_pixels: int,
    at_least: int,
) -> Clip:
    with open_container(stream, name, CLIP_SIGNATURES, "video", REFUSAL) as container:
        pictures = _pictures(container, name)
        if pictures.codec_context is None:
            raise UnsupportedFileError(name, "its pictures are of a kind that PyAV does not decode")
        size = pictures.codec_context.width, pictures.codec_context.height
        if size[0] * size[1] > max_pixels:
            raise FileTooLargeError(
                name, f"{size[0]} x {size[1]} pixels, more than {max_pixels} are allowed"
            )
        # This limit holds for frames that are larger than the header says. It is twice as high,
        # since decoders round sizes up.
        pictures.codec_context.options = {"max_pixels": str(2 * max_pixels)}
        start_s, duration_s = _extent(container, pictures)
        player = _Player(container, pictures, name)
        times_s = [moment * duration_s for moment in moments]
        frames = [_upright(player.shown_at(start_s + time_s), at_least) for time_s in times_s]
        return Clip(tuple(frames), tuple(times_s), duration_s)


def _pictures(container: Any, name: str) -> Any:
    """Return the video stream; the cover picture of a song does not count as one."""
    moving = [
        one for one in container.streams.video if not one.disposition & one.disposition.attached_pic
    ]
    if moving:
        return moving[0]
    if container.streams.audio:
        raise UnsupportedFileError(name, "it has sound alone: `captioner transcribe` listens to it")
    raise CorruptFileError(name, "it has no pictures")


def _extent(container: Any, pictures: Any) -> tuple[float, float]:
    """Return the time at which the video begins, by the file's clock, and its length, seconds."""
    base = pictures.time_base
    start_s = float((pictures.start_time or 0) * base)
    if pictures.duration:
        return start_s, float(pictures.duration * base)
    if container.duration:
        return start_s, max(0.0, container.duration / MICROSECONDS)
    # Browsers and cameras write no length, since they do not know it when a recording begins.
    ends = [
        packet.pts + (packet.duration or 0)
        for packet in container.demux(pictures)
        if packet.pts is not None
    ]
    container.seek(0)
    return start_s, max(0.0, float(max(ends, default=0) * base) - start_s)


class _Player:
    """Decodes frames in order, and seeks ahead if that saves decoding.

    Args:
        container: The open file.
        pictures: Its video stream.
        name: The file, for messages.

    Raises:
        CorruptFileError: The clip has no frames.
    """

    def __init__(self, container: Any, pictures: Any, name: str) -> None:
        self._container, self._pictures, self._name = container, pictures, name
        self._base = pictures.time_base
        self._now: Any = None  # the frame that is shown
        self._last_s = -1.0  # the time of the newest decoded frame
        self._frames: Iterator[Any] = container.decode(pictures)
        self._next = self._decode()
        if self._next is None:
            raise CorruptFileError(name, "it has no frames: there is nothing to see")

    def shown_at(self, time_s: float) -> Any:
        """Return the frame that is shown at a time; times of successive calls must not decrease.

        Raises:
            CorruptFileError: The file ends earlier.
        """
        self._leap(time_s)
        while self._next is not None and self._last_s <= time_s + ROUNDING_S:
            self._now, self._next = self._next, self._decode()
        if self._next is None:
            self._check_end()
        return self._next if self._now is None else self._now

    def _decode(self) -> Any:
        frame = next(self._frames, None)
        if frame is not None and frame.pts is not None:
            self._last_s = float(frame.pts * self._base)
        elif frame is not None:  # a file without times: use its rate
            self._last_s += 1 / float(self._pictures.average_rate or 25)
        return frame

    def _leap(self, time_s: float) -> None:
        key_s = self._key_frame_before(time_s)
        if self._next is None or (
            time_s - self._last_s < LEAP_S if key_s is None else key_s <= self._last_s
        ):
            return
        self._container.seek(round(time_s / self._base), stream=self._pictures)
        self._frames = self._container.decode(self._pictures)
        self._now, self._next = None, self._decode()

    def _key_frame_before(self, time_s: float) -> float | None:
        """Return the time of the last key frame up to a time; None if the file has no index."""
        index = self._pictures.index_entries
        found = index.search_timestamp(round(time_s / self._base)) if len(index) > 1 else -1
        return None if found < 0 else float(index[found].timestamp * self._base)

    def _check_end(self) -> None:
        index = self._pictures.index_entries
        end_s = float(index[len(index) - 1].timestamp * self._base) if len(index) > 1 else 0.0
        if end_s - self._last_s > BROKEN_OFF_S:
            raise CorruptFileError(
                self._name, f"broken off after {self._last_s:.1f} of {end_s:.1f} s"
            )


def _upright(frame: Any, at_least: int) -> Image.Image:
    """Return a frame as an upright image, reduced as far as `at_least` allows."""
    image: Image.Image = frame.to_image()
    factor = min(image.size) // at_least if at_least else 1
    image = image.reduce(factor) if factor > 1 else image
    method = UPRIGHT.get(round(frame.rotation / 90) * 90 % 360)
    return image if method is None else image.transpose(method)
