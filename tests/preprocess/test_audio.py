"""Whatever a recording is stored as, the same samples come out; whatever is broken has a name."""

import io
import os
import wave
from pathlib import Path

import numpy as np
import pytest

from captioner.errors import (
    CorruptFileError,
    FileMissingError,
    FileTooLargeError,
    InputError,
    MissingExtraError,
    UnsupportedFileError,
)
from captioner.preprocess import audio
from captioner.preprocess.audio import read_audio, resample

av = pytest.importorskip("av")
soundfile = pytest.importorskip("soundfile")


def tone(rate_hz: int, seconds: float = 0.5, hz: float = 440.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(round(rate_hz * seconds)) / rate_hz)).astype(np.float32)


def write(path: Path, samples: np.ndarray, rate_hz: int, **kind: str) -> Path:
    soundfile.write(path, samples, rate_hz, **kind)
    return path


def write_video(path: Path, rate_hz: int = 44_100, sound: bool = True) -> Path:
    """A black clip of half a second."""
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=10)
        video.width, video.height, video.pix_fmt = 32, 48, "yuv420p"
        track = container.add_stream("aac", rate=rate_hz) if sound else None
        for _ in range(5):
            container.mux(video.encode(av.VideoFrame(32, 48, "yuv420p")))
        container.mux(video.encode(None))
        if track is not None:
            frame = av.AudioFrame.from_ndarray(tone(rate_hz)[None], format="fltp", layout="mono")
            frame.sample_rate = rate_hz
            container.mux(track.encode(frame))
            container.mux(track.encode(None))
    return path


def pitch_hz(samples: np.ndarray, rate_hz: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(spectrum.argmax() * rate_hz / len(samples))


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3", "aiff"])
@pytest.mark.parametrize("rate_hz", [8_000, 22_050, 44_100])
def test_every_format_and_rate_is_read(tmp_path, suffix, rate_hz):
    file = write(tmp_path / f"a.{suffix}", tone(rate_hz), rate_hz)
    samples = read_audio(file, 16_000)
    assert samples.dtype == np.float32
    assert len(samples) == pytest.approx(8_000, abs=1_500 if suffix == "mp3" else 20)
    assert pitch_hz(samples, 16_000) == pytest.approx(440, abs=4)
    assert np.abs(samples[2_000:6_000]).max() == pytest.approx(0.5, abs=0.05)
    np.testing.assert_array_equal(read_audio(file.read_bytes(), 16_000), samples)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24", "PCM_32", "FLOAT", "ULAW", "IMA_ADPCM"])
def test_every_kind_of_sample_is_read(tmp_path, subtype):
    file = write(tmp_path / "a.wav", tone(8_000), 8_000, subtype=subtype)
    samples = read_audio(file, 8_000)[:4_000]
    np.testing.assert_allclose(samples[100:], tone(8_000)[100:], atol=0.04)  # ADPCM begins softly


def test_channels_are_averaged(tmp_path):
    left, right = tone(8_000), tone(8_000, hz=1_000)
    file = write(tmp_path / "a.wav", np.stack([left, right, left], 1), 8_000, subtype="FLOAT")
    expected = (2 * left + right) / 3
    np.testing.assert_allclose(read_audio(file, 8_000), expected, atol=1e-6)
    np.testing.assert_allclose(read_audio((8_000, np.stack([left, right, left], 1)), 8_000), expected, atol=1e-6)


def test_arrays_of_integers_are_scaled():
    array = np.array([-(2**15), 0, 2**14], np.int16)
    np.testing.assert_array_equal(read_audio((8_000, array), 8_000), np.array([-1, 0, 0.5], np.float32))


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "avi"])
def test_the_sound_of_a_video_is_read(tmp_path, suffix):
    samples = read_audio(write_video(tmp_path / f"a.{suffix}"), 8_000)
    assert len(samples) == pytest.approx(4_000, abs=400)
    assert pitch_hz(samples, 8_000) == pytest.approx(440, abs=4)


def test_a_recording_is_known_by_its_content_not_its_name(tmp_path):
    file = write(tmp_path / "a.flac", tone(8_000), 8_000).rename(tmp_path / "a.txt")
    assert len(read_audio(file, 8_000)) == 4_000


@pytest.mark.parametrize(
    "rates", [(8_000, 16_000), (16_000, 8_000), (44_100, 16_000), (11_025, 8_000), (44_101, 8_000)]
)
def test_resampling_keeps_the_tone_and_its_phase(rates):
    from_hz, to_hz = rates
    samples = resample(tone(from_hz), from_hz, to_hz)
    assert len(samples) == pytest.approx(to_hz / 2, abs=2)
    middle = slice(200, len(samples) - 200)
    np.testing.assert_allclose(samples[middle], tone(to_hz)[middle], atol=1e-3)


def test_what_the_lower_rate_cannot_hold_is_filtered_out():
    assert np.abs(resample(tone(44_100, hz=6_000), 44_100, 8_000)[200:-200]).max() < 1e-3


def text_named_wav(folder: Path) -> Path:
    (folder / "a.wav").write_text("this is no sound")
    return folder / "a.wav"


def empty(folder: Path) -> Path:
    (folder / "a.wav").touch()
    return folder / "a.wav"


def of_no_length(folder: Path) -> Path:
    return write(folder / "a.wav", np.zeros(0, np.float32), 8_000)


def cut(folder: Path, suffix: str, share: float) -> Path:
    """Noise, which no format packs tightly, and of it the first part."""
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 16_000).astype(np.float32)
    file = write(folder / f"whole.{suffix}", noise, 8_000)
    whole = file.read_bytes()
    (folder / f"a.{suffix}").write_bytes(whole[: int(len(whole) * share)])
    return folder / f"a.{suffix}"


def head_alone(folder: Path, kind: bytes) -> Path:
    (folder / "a").write_bytes(kind + b"\x07" * 500)
    return folder / "a"


def not_finite(folder: Path) -> Path:
    return write(folder / "a.wav", np.array([0.1, np.nan], np.float32), 8_000, subtype="FLOAT")


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "a.wav")
    return folder / "a.wav"


BROKEN = {
    "nothing there": (lambda folder: folder / "none.wav", FileMissingError, "no such file"),
    "folder": (lambda folder: folder, UnsupportedFileError, "a folder, not a recording"),
    "pipe": (pipe, UnsupportedFileError, "pipe"),
    "empty": (empty, CorruptFileError, "empty"),
    "text named .wav": (text_named_wav, UnsupportedFileError, "it holds text"),
    "no length": (of_no_length, CorruptFileError, "0 seconds"),
    "truncated WAV": (lambda folder: cut(folder, "wav", 0.5), CorruptFileError, "broken off"),
    "truncated FLAC": (lambda folder: cut(folder, "flac", 0.5), CorruptFileError, "broken"),
    "WAV without sound": (lambda folder: cut(folder, "wav", 0.001), CorruptFileError, "broken"),
    "RIFF of nonsense": (lambda folder: head_alone(folder, b"RIFF\0\0\0\0WAVE"), CorruptFileError, "broken WAV"),
    "FLAC of nonsense": (lambda folder: head_alone(folder, b"fLaC"), CorruptFileError, "broken FLAC"),
    "MP3 of nonsense": (lambda folder: head_alone(folder, b"ID3\x04"), CorruptFileError, "broken MP3"),
    "MP4 of nonsense": (lambda folder: head_alone(folder, b"\0\0\0\x18ftypisom"), CorruptFileError, "broken MP4"),
    "not finite": (not_finite, CorruptFileError, "finite"),
    "video without sound": (
        lambda folder: write_video(folder / "a.mp4", sound=False),
        UnsupportedFileError,
        "no sound",
    ),
}


@pytest.mark.parametrize("case", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_file_has_a_named_error(tmp_path, case):
    make, error, message = case
    file = make(tmp_path)
    with pytest.raises(error, match=message) as raised:
        read_audio(file, 8_000)
    assert str(file) in str(raised.value)


def test_playlists_are_never_followed(tmp_path):
    (tmp_path / "a.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nsecret.wav\n")
    with pytest.raises(UnsupportedFileError, match="it holds text"):
        read_audio(tmp_path / "a.m3u8", 8_000)


def test_a_stream_of_unknown_length_is_read(tmp_path):
    """Programs that write to a pipe leave the sizes open."""
    stream = io.BytesIO()
    with wave.open(stream, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8_000)
        file.writeframes((tone(8_000) * 32_767).astype("<i2").tobytes())
    data = bytearray(stream.getvalue())
    data[4:8] = data[40:44] = b"\xff\xff\xff\xff"
    np.testing.assert_allclose(read_audio(bytes(data), 8_000)[:4_000], tone(8_000), atol=1e-3)


@pytest.mark.parametrize(
    "source",
    [
        (8_000, np.zeros((2, 3, 4))),
        (0, np.zeros(4)),
        (8_000, np.zeros(4, np.uint8)),
        (8_000, np.array(["a"])),
    ],
)
def test_what_is_no_recording_is_told(source):
    with pytest.raises(InputError):
        read_audio(source, 8_000)


def test_what_is_too_long_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(audio, "MOST_SECONDS", 0.4)
    for source in (
        write(tmp_path / "a.flac", tone(8_000), 8_000),
        write_video(tmp_path / "a.mkv"),
        (8_000, tone(8_000)),
    ):
        with pytest.raises(FileTooLargeError, match="lasts more than"):
            read_audio(source, 8_000)


def test_a_missing_library_is_named(tmp_path, monkeypatch):
    file = write(tmp_path / "a.wav", tone(8_000), 8_000)
    monkeypatch.setitem(__import__("sys").modules, "soundfile", None)
    with pytest.raises(MissingExtraError, match=r"soundfile: pip install 'captioner\[speech\]'"):
        read_audio(file, 8_000)
