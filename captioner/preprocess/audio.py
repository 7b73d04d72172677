"""From a recording, however it is stored, to mono samples at the rate that the model listens at."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32
from numpy.typing import NDArray

from captioner.errors import CorruptFileError, FileTooLargeError, InputError, UnsupportedFileError
from captioner.preprocess.kinds import SOUND_SIGNATURES, kind_of
from captioner.preprocess.opening import decoding, head_and_size, import_library, open_regular

AudioSource = str | Path | bytes | tuple[int, NDArray[Any]]
Samples = Float32[np.ndarray, " samples"]

EXTRA = "speech"
MOST_SECONDS = 2 * 60 * 60
"""Longer recordings are refused: two hours at 48 kHz are 1.4 GB as 32-bit samples."""
SOUNDFILE_KINDS = ("WAV", "FLAC", "OGG", "MP3", "AIFF", "AU", "CAF")
RIFF_SIZE = slice(4, 8)
UNKNOWN_SIZES = (0, 0xFFFFFFFF)  # as programs write them that do not know how long the sound will be


def read_audio(source: AudioSource, sample_rate_hz: int) -> Samples:
    """Read any recording as mono samples from -1 to 1.

    Channels are averaged. Of a video, the first track of sound is read.

    Args:
        source: A file's path or its bytes, or the rate in hertz and an array `[samples]` or `[samples, channels]` of
            integers, or of floats from -1 to 1.
        sample_rate_hz: The rate that is wanted.

    Raises:
        FileMissingError: Nothing is there, or it may not be read.
        UnsupportedFileError: No recording, of a kind that is not read, or a video without sound.
        CorruptFileError: A recording, but broken, or one that ends before it begins.
        FileTooLargeError: More than two hours.
        InputError: The array's shape, type or range is none of the above.
        MissingExtraError: soundfile or PyAV is not installed.
    """
    if isinstance(source, tuple):
        name, (rate_hz, samples) = "<array>", _from_array(*source)
    elif isinstance(source, bytes):
        name = "<bytes>"
        rate_hz, samples = _decoded(io.BytesIO(source), name)
    elif isinstance(source, str | Path):
        name = str(source)
        with open_regular(source, "recording") as stream:
            rate_hz, samples = _decoded(stream, name)
    else:
        raise InputError(f"<{type(source).__name__}>", "give a path, bytes, or a rate and a numpy array")
    if not len(samples):
        raise CorruptFileError(name, "it lasts 0 seconds: there is nothing to hear")
    if not np.isfinite(samples).all():
        raise CorruptFileError(name, "some samples are no finite numbers")
    return resample(samples, rate_hz, sample_rate_hz)


def resample(samples: Samples, from_hz: int, to_hz: int) -> Float32[np.ndarray, " resampled"]:
    """Change the rate of samples, with a filter against aliases (FFmpeg's resampler).

    Raises:
        MissingExtraError: PyAV is not installed.
    """
    if from_hz == to_hz:
        return samples
    av = import_library("av", EXTRA)
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=to_hz)
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None]), format="fltp", layout="mono")
    frame.sample_rate = from_hz
    return _joined([*resampler.resample(frame), *resampler.resample(None)])


def _joined(frames: list[Any]) -> Samples:
    parts = [frame.to_ndarray()[0] for frame in frames]
    return np.concatenate(parts, dtype=np.float32) if parts else np.zeros(0, np.float32)


def _from_array(rate_hz: int, array: NDArray[Any]) -> tuple[int, Samples]:
    if not isinstance(array, np.ndarray) or array.ndim not in (1, 2):
        raise InputError("<array>", "samples must be a numpy array, [samples] or [samples, channels]")
    if rate_hz < 1:
        raise InputError("<array>", f"a rate of {rate_hz} Hz: give the samples of a second")
    if np.issubdtype(array.dtype, np.signedinteger):
        array = array / -float(np.iinfo(array.dtype).min)
    elif not np.issubdtype(array.dtype, np.floating):
        raise InputError("<array>", f"samples of type {array.dtype}: give signed integers, or floats from -1 to 1")
    mono = array if array.ndim == 1 else array.mean(1)
    _check_length(len(mono) / rate_hz, "<array>")
    return rate_hz, mono.astype(np.float32)


def _decoded(stream: io.BytesIO | io.BufferedReader, name: str) -> tuple[int, Samples]:
    head, size = head_and_size(stream, name)
    kind = _kind(head, name)
    if kind == "WAV":
        _check_riff(head, size, name)
    if kind in SOUNDFILE_KINDS:
        soundfile = import_library("soundfile", EXTRA)
        try:
            return _by_soundfile(soundfile, stream, name)
        except soundfile.LibsndfileError:  # a codec that it does not know, or a broken file, as PyAV will say
            stream.seek(0)
    with decoding(name, f"a broken {kind} file"):
        return _by_av(stream, name)


def _kind(head: bytes, name: str) -> str:
    """Name the kind of file by its first bytes; what is none of ours never meets a decoder."""
    kind = kind_of(head, SOUND_SIGNATURES)
    if kind is None:
        holds = "it holds text" if head.isascii() and b"\0" not in head else "its content is none of a recording's"
        raise UnsupportedFileError(name, f"not a recording that can be read ({holds}); use WAV, FLAC, OGG, MP3 or MP4")
    return kind


def _check_riff(head: bytes, size: int, name: str) -> None:
    """See that a WAV file is as long as it says: decoders would read what is there and say nothing."""
    told = int.from_bytes(head[RIFF_SIZE], "little")
    if told not in UNKNOWN_SIZES and head[:4] == b"RIFF" and size < told + 8:
        raise CorruptFileError(name, f"broken off: it says that it has {told + 8:,} bytes, and has {size:,}")


def _by_soundfile(soundfile: Any, stream: Any, name: str) -> tuple[int, Samples]:
    with soundfile.SoundFile(stream) as file:
        _check_length(file.frames / file.samplerate, name)
        expected, samples = file.frames, file.read(dtype="float32", always_2d=True)
        if len(samples) < expected:
            raise CorruptFileError(
                name, f"broken off after {len(samples) / file.samplerate:.1f} of {expected / file.samplerate:.1f} s"
            )
        return file.samplerate, samples.mean(1, dtype=np.float32)


def _by_av(stream: Any, name: str) -> tuple[int, Samples]:
    av = import_library("av", EXTRA)
    # The file itself is all that is read: what it names elsewhere is not opened.
    with av.open(stream, metadata_errors="ignore", options={"protocol_whitelist": "none"}) as container:
        if not container.streams.audio:
            raise UnsupportedFileError(name, "it has no sound")
        rate_hz = container.streams.audio[0].rate
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=rate_hz)
        frames, length = [], 0
        for frame in container.decode(audio=0):
            length += frame.samples
            _check_length(length / rate_hz, name)
            frames += resampler.resample(frame)
        return rate_hz, _joined([*frames, *resampler.resample(None)] if frames else [])


def _check_length(seconds: float, name: str) -> None:
    if seconds > MOST_SECONDS:
        raise FileTooLargeError(name, f"it lasts more than {MOST_SECONDS / 3600:g} hours: cut it into parts first")
