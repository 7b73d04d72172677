"""Reads a recording, however it is stored, as mono samples at the model's sampling rate."""

import contextlib
import io
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeGuard

import numpy as np
from jaxtyping import Float32
from numpy.typing import NDArray

from captioner.errors import CorruptFileError, FileTooLargeError, InputError, UnsupportedFileError
from captioner.preprocess.container import open_container
from captioner.preprocess.kinds import SOUND_SIGNATURES, kind_of
from captioner.preprocess.opening import (
    FileSource,
    decoding,
    head_of,
    import_library,
    is_file_source,
    open_source,
)
from captioner.preprocess.wav import WHOLE_S, lost_s

AudioSource = FileSource | tuple[int, NDArray[Any]]
Samples = Float32[np.ndarray, " samples"]

EXTRA = "speech"
MOST_SECONDS = 2 * 60 * 60
"""Longer recordings are refused: two hours at 48 kHz are 1.4 GB as 32-bit samples."""
SOUNDFILE_KINDS = ("WAV", "FLAC", "OGG", "MP3", "AIFF", "AU", "CAF")
BLOCK_SAMPLES = 1 << 16
LEAST_HZ, MOST_HZ = 1_000, 1_000_000
"""Other rates come from broken headers: speech needs 4 kHz, and at a very low rate a small file
would last for hours and fill the memory.
"""
MOST_CHANNELS = 64
CANCELLED = 0.5
SHAPES = "[samples], [samples, channels] or [channels, samples]"
REFUSAL = "not a recording that can be read ({holds}); use WAV, FLAC, OGG, MP3 or MP4"


def is_array(given: object) -> TypeGuard[tuple[int, NDArray[Any]]]:
    """Tell whether something is a rate with samples, rather than a tuple of recordings."""
    return isinstance(given, tuple) and not all(
        is_file_source(one) or is_array(one) for one in given
    )


def read_audio(source: Any, sample_rate_hz: int) -> Samples:
    """Read a recording as mono samples from -1 to 1.

    Channels are averaged; if they cancel each other out, the loudest one is taken. Of a video, the
    first sound track is read.

    Args:
        source: A file's path, its bytes or an open file; or the rate in hertz and an array,
            `[samples]`, `[samples, channels]` or `[channels, samples]`, of signed integers or of
            floats from -1 to 1.
        sample_rate_hz: The rate of the result.

    Raises:
        FileMissingError: Nothing is there, or it may not be read.
        UnsupportedFileError: It is no recording, is of a kind that is not read, or is a video
            without sound.
        CorruptFileError: The recording is broken or empty.
        FileTooLargeError: It is longer than two hours.
        InputError: The array's shape or type is not one of the above, or the rate is not read.
        MissingExtraError: soundfile or PyAV is not installed.
    """
    if isinstance(source, tuple):
        if len(source) != 2:
            raise InputError("<tuple>", f"give a rate and a numpy array, {SHAPES}")
        name, (rate_hz, samples) = "<array>", _from_array(*source)
    else:
        with open_source(
            source, "recording", "a path, bytes, an open file, or a rate and a numpy array"
        ) as opened:
            stream, name = opened[0], str(opened[1])
            rate_hz, samples = _decoded(stream, name)
    if not len(samples):
        raise CorruptFileError(name, "it lasts 0 seconds: there is nothing to hear")
    if not np.isfinite(samples).all():
        raise CorruptFileError(name, "some samples are no finite numbers")
    if not LEAST_HZ <= rate_hz <= MOST_HZ:
        raise InputError(
            name, f"a rate of {rate_hz:,} Hz; sound of {LEAST_HZ:,} to {MOST_HZ:,} Hz is read"
        )
    with decoding(name, "its rate cannot be changed"):
        return resample(samples, rate_hz, sample_rate_hz)


def resample(samples: Samples, from_hz: int, to_hz: int) -> Float32[np.ndarray, " resampled"]:
    """Change the sampling rate with FFmpeg's resampler, which filters against aliasing.

    Raises:
        MissingExtraError: PyAV is not installed.
    """
    if from_hz == to_hz:
        return samples
    av = import_library("av", EXTRA)
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=to_hz)
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(samples[None]), format="fltp", layout="mono"
    )
    frame.sample_rate = from_hz
    parts = [
        part.to_ndarray()[0] for part in (*resampler.resample(frame), *resampler.resample(None))
    ]
    return np.concatenate(parts, dtype=np.float32) if parts else np.zeros(0, np.float32)


def _from_array(rate_hz: Any, array: Any) -> tuple[int, Samples]:
    if not isinstance(array, np.ndarray) or array.ndim not in (1, 2):
        raise InputError("<array>", f"samples must be a numpy array, {SHAPES}")
    if (
        not isinstance(rate_hz, int | float | np.number)
        or not 1 <= rate_hz < np.inf
        or rate_hz != int(rate_hz)
    ):
        raise InputError(
            "<array>", f"a rate of {rate_hz!r} Hz: give the samples of a second, a whole number"
        )
    if np.issubdtype(array.dtype, np.signedinteger):
        array = array / -float(np.iinfo(array.dtype).min)
    elif not np.issubdtype(array.dtype, np.floating):
        raise InputError(
            "<array>",
            f"samples of type {array.dtype}: give signed integers, or floats from -1 to 1",
        )
    channels = _by_channel(array)
    _check_length(len(channels) / rate_hz, "<array>")
    return int(rate_hz), _mono(lambda: [channels.astype(np.float32)])


def _by_channel(array: NDArray[Any]) -> NDArray[Any]:
    """Return `[samples, channels]`; of two axes, the shorter one is taken for the channels."""
    if array.ndim == 1:
        return array[:, None]
    channels = array.T if array.shape[0] < array.shape[1] and array.shape[0] else array
    if not 1 <= channels.shape[1] <= MOST_CHANNELS:
        shape = " x ".join(map(str, array.shape))
        raise InputError(
            "<array>", f"{shape} samples: give {SHAPES}, of at most {MOST_CHANNELS} channels"
        )
    return channels


def _mono(blocks: Callable[[], Iterable[NDArray[np.float32]]]) -> Samples:
    """Average the channels, or take only the loudest one if they cancel each other out.

    Args:
        blocks: Returns the recording from its beginning, in parts of `[samples, channels]`.
    """
    parts, own, together = [], np.zeros(1), 0.0
    with np.errstate(invalid="ignore", over="ignore"):  # samples may be infinite or NaN
        for block in blocks():
            parts.append(block.mean(1, dtype=np.float32))
            own = own + np.square(block, dtype=np.float64).sum(0)
            together += float(np.square(parts[-1], dtype=np.float64).sum())
    # The mean of uncorrelated channels has at least the power that the loudest one brings to it.
    if together < CANCELLED * own.max() / len(own) ** 2:
        parts = [block[:, own.argmax()] for block in blocks()]
    return np.concatenate(parts, dtype=np.float32) if parts else np.zeros(0, np.float32)


def _decoded(stream: io.BytesIO | io.BufferedReader, name: str) -> tuple[int, Samples]:
    kind = kind_of(head_of(stream, name), SOUND_SIGNATURES)
    if kind == "WAV" and (lost := lost_s(stream)) > WHOLE_S:
        raise CorruptFileError(name, f"broken off: its last {lost:.1f} seconds are not there")
    if kind in SOUNDFILE_KINDS and (found := _by_soundfile(stream, name)):
        return found
    try:
        return _by_av(stream, name)
    except UnsupportedFileError:
        if kind is None and (found := _by_soundfile(stream, name)):
            return found
        raise


def _by_soundfile(stream: Any, name: str) -> tuple[int, Samples] | None:
    """Read a file with libsndfile; return None if it cannot, since FFmpeg may still read it."""
    soundfile = import_library("soundfile", EXTRA)
    stream.seek(0)
    try:
        with soundfile.SoundFile(_Within(stream)) as file:
            _check_length(file.frames / file.samplerate, name)
            rate_hz, expected = file.samplerate, file.frames

            def blocks() -> Iterable[NDArray[np.float32]]:
                file.seek(0)
                return file.blocks(BLOCK_SAMPLES, dtype="float32", always_2d=True)  # type: ignore[no-any-return]

            samples = _mono(blocks)
    except (soundfile.LibsndfileError, soundfile.SoundFileRuntimeError):
        samples, expected, rate_hz = np.zeros(0, np.float32), 0, 0
    if not len(samples):
        stream.seek(0)
        return None
    if len(samples) < expected:
        raise CorruptFileError(
            name, f"broken off after {len(samples) / rate_hz:.1f} of {expected / rate_hz:.1f} s"
        )
    return rate_hz, samples


class _Within(io.RawIOBase):
    """A file that ignores seeks that fail, such as those before its beginning.

    Broken headers cause such seeks, and libsndfile cannot handle an error in them.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def readinto(self, buffer: Any) -> int:
        """Read bytes into the buffer until it is full or the file ends."""
        content = self._stream.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position in the file, and return it."""
        with contextlib.suppress(ValueError, OSError, OverflowError):
            self._stream.seek(offset, whence)
        return self.tell()

    def tell(self) -> int:
        """Return the position."""
        return int(self._stream.tell())


def _by_av(stream: Any, name: str) -> tuple[int, Samples]:
    rates_hz = []

    def blocks() -> Iterator[NDArray[np.float32]]:
        stream.seek(0)
        with open_container(stream, name, SOUND_SIGNATURES, EXTRA, REFUSAL) as container:
            if not container.streams.audio:
                raise UnsupportedFileError(name, "it has no sound")
            rates_hz.append(container.streams.audio[0].rate)
            yield from _by_frames(container, rates_hz[0], name)

    samples = _mono(blocks)
    return rates_hz[0], samples


def _by_frames(container: Any, rate_hz: int, name: str) -> Iterator[NDArray[np.float32]]:
    """Yield the first sound track frame by frame, always with the layout of its first frame."""
    av = import_library("av", EXTRA)
    resampler, length = None, 0
    for frame in container.decode(audio=0):
        length += frame.samples
        _check_length(length / rate_hz, name)
        resampler = resampler or av.AudioResampler(format="fltp", layout=frame.layout, rate=rate_hz)
        yield from (part.to_ndarray().T for part in resampler.resample(frame))
    if resampler is not None:
        yield from (part.to_ndarray().T for part in resampler.resample(None))


def _check_length(seconds: float, name: str) -> None:
    if seconds > MOST_SECONDS:
        raise FileTooLargeError(
            name, f"it lasts more than {MOST_SECONDS / 3600:g} hours: cut it into parts first"
        )
