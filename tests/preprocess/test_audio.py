"""Whatever a recording is stored as, the same samples come out; whatever is broken has a name."""

import io
import os
import struct
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
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(round(rate_hz * seconds)) / rate_hz)).astype(
        np.float32
    )


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
    np.testing.assert_allclose(
        read_audio((8_000, np.stack([left, right, left], 1)), 8_000), expected, atol=1e-6
    )


def opposite(rate_hz: int, second: float = -1.0) -> np.ndarray:
    return np.stack([tone(rate_hz), second * tone(rate_hz)], 1)


@pytest.mark.parametrize("second", [-1.0, -0.9, -0.5])
@pytest.mark.parametrize("suffix", ["wav", "flac", "mkv", None])
def test_of_channels_that_cancel_each_other_the_louder_one_is_read(tmp_path, suffix, second):
    if suffix is None:
        samples = read_audio((8_000, opposite(8_000, second)), 8_000)
    elif suffix == "mkv":
        with av.open(str(tmp_path / "a.mkv"), "w") as container:
            track = container.add_stream("pcm_s16le", rate=8_000, layout="stereo")
            array = np.ascontiguousarray(
                (opposite(8_000, second) * 32_767).astype(np.int16).reshape(1, -1)
            )
            frame = av.AudioFrame.from_ndarray(array, format="s16", layout="stereo")
            frame.sample_rate = 8_000
            container.mux(track.encode(frame))
            container.mux(track.encode(None))
        samples = read_audio(tmp_path / "a.mkv", 8_000)
    else:
        samples = read_audio(write(tmp_path / f"a.{suffix}", opposite(8_000, second), 8_000), 8_000)
    np.testing.assert_allclose(samples, tone(8_000), atol=1e-3)


@pytest.mark.parametrize("silent", [1, 2, 5])
def test_silent_channels_do_not_change_which_ones_are_read(silent):
    array = np.concatenate([tone(8_000)[:, None], np.zeros((4_000, silent), np.float32)], 1)
    np.testing.assert_allclose(
        read_audio((8_000, array), 8_000), tone(8_000) / (silent + 1), atol=1e-6
    )
    unlike = np.random.default_rng(0).normal(0, 0.1, (4_000, silent + 1)).astype(np.float32)
    np.testing.assert_allclose(read_audio((8_000, unlike), 8_000), unlike.mean(1), atol=1e-6)


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int16])
def test_channels_may_be_the_first_axis(channels, kind):
    array = np.stack([tone(8_000, hz=300.0 + 50 * number) for number in range(channels)])
    array = (array * 32_767).astype(kind) if kind is np.int16 else array.astype(kind)
    np.testing.assert_array_equal(
        read_audio((8_000, array), 8_000), read_audio((8_000, array.T), 8_000)
    )


def test_arrays_of_integers_are_scaled():
    array = np.array([-(2**15), 0, 2**14], np.int16)
    np.testing.assert_array_equal(
        read_audio((8_000, array), 8_000), np.array([-1, 0, 0.5], np.float32)
    )


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
    "RIFF of nonsense": (
        lambda folder: head_alone(folder, b"RIFF\0\0\0\0WAVE"),
        CorruptFileError,
        "broken WAV",
    ),
    "FLAC of nonsense": (
        lambda folder: head_alone(folder, b"fLaC"),
        CorruptFileError,
        "broken FLAC",
    ),
    "MP3 of nonsense": (
        lambda folder: head_alone(folder, b"ID3\x04"),
        CorruptFileError,
        "broken MP3",
    ),
    "MP4 of nonsense": (
        lambda folder: head_alone(folder, b"\0\0\0\x18ftypisom"),
        CorruptFileError,
        "broken MP4",
    ),
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


def chunk(name: bytes, content: bytes, told: int | None = None, pad: bool = True) -> bytes:
    head = name + struct.pack("<I", len(content) if told is None else told)
    return head + content + b"\0" * (len(content) % 2 if pad else 0)


def wav(
    riff: int | None = None,
    data: int | None = None,
    bits: int = 16,
    before: bytes = b"",
    behind: bytes = b"",
    form: bytes = b"RIFF",
    seconds: float = 0.5,
    pad: bool = True,
    byte_rate: int | None = None,
) -> bytes:
    """A WAV file of a tone, whose sizes may be told wrongly."""
    sound = tone(8_000, seconds)
    content = (
        ((sound + 1) * 127.5).round().astype("u1") if bits == 8 else (sound * 32_767).astype("<i2")
    )
    told = 8_000 * bits // 8 if byte_rate is None else byte_rate
    chunks = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 8_000, told, bits // 8, bits)) + before
    chunks += chunk(b"data", content.tobytes(), data, pad) + behind
    return form + struct.pack("<I", len(chunks) + 4 if riff is None else riff) + b"WAVE" + chunks


ODD = {
    "RIFF size is that of the file": wav(riff=8_044),
    "RIFF size is 0": wav(riff=0),
    "RIFF size is too small": wav(riff=100),
    "RIFF size is odd": wav(riff=8_037),
    "RIFF size is too large": wav(riff=10**6),
    "RIFF size is unknown": wav(riff=0xFFFFFFFF),
    "data size is 0": wav(data=0),
    "data size is unknown": wav(data=0xFFFFFFFF),
    "both are unknown": wav(riff=0xFFFFFFFF, data=0xFFFFFFFF),
    "data size is the largest with a sign": wav(data=0x7FFFFFFF),
    "data size as of arecord": wav(data=0x80000000),
    "data size counts the head": wav(data=8_044),
    "data size is odd": wav(data=8_001),
    "8 bits without a pad": wav(bits=8, seconds=0.500125, pad=False),
    "8 bits with a pad": wav(bits=8, seconds=0.500125),
    "a list before": wav(before=chunk(b"LIST", b"INFOISFT\x05\0\0\0Lavf\0\0")),
    "a list behind": wav(behind=chunk(b"LIST", b"INFOISFT\x05\0\0\0Lavf\0\0")),
    "junk before": wav(before=chunk(b"JUNK", bytes(27))),
    "rubbish behind": wav(behind=b"\x07" * 13),
    "no rate of bytes": wav(byte_rate=0),
}


@pytest.mark.parametrize("content", ODD.values(), ids=ODD.keys())
def test_a_wav_whose_head_miscounts_is_read(content):
    samples = read_audio(content, 8_000)
    assert len(samples) == pytest.approx(4_000, abs=12)
    np.testing.assert_allclose(samples[:3_990], tone(8_000)[:3_990], atol=0.02)


@pytest.mark.parametrize(
    "suffix", ["wav", "w64", "rf64", "aiff", "au", "caf", "voc", "ircam", "nist", "svx", "pvf"]
)
def test_what_the_libraries_read_is_read(tmp_path, suffix):
    with io.BytesIO() as stream:
        soundfile.write(stream, tone(8_000), 8_000, format=suffix.upper(), subtype="PCM_16")
        content = stream.getvalue()
    samples = read_audio(content, 8_000)
    np.testing.assert_allclose(samples[:4_000], tone(8_000), atol=0.02)


@pytest.mark.parametrize("kind", [{}, {"bits": 8}, {"form": b"RF64"}, {"byte_rate": 16_000}])
def test_a_wav_that_lost_its_end_is_told(kind):
    with pytest.raises(CorruptFileError, match=r"broken off: its last 1\.[0-9] seconds"):
        content = wav(seconds=2, **kind)
        read_audio(content[: len(content) * 2 // 5], 8_000)


def opened(content: bytes, kind: str, folder: Path) -> object:
    (folder / "a").write_bytes(content)
    pipe = io.BytesIO(content)
    pipe.seekable = lambda: False
    made = {
        "bytes": lambda: content,
        "bytearray": lambda: bytearray(content),
        "view": lambda: memoryview(content),
    }
    made |= {
        "open": lambda: (folder / "a").open("rb"),
        "memory": lambda: io.BytesIO(content),
        "pipe": lambda: pipe,
    }
    made |= {"path": lambda: folder / "a", "name": lambda: str(folder / "a")}
    return made[kind]()


@pytest.mark.parametrize(
    "kind", ["bytes", "bytearray", "view", "open", "memory", "pipe", "path", "name"]
)
def test_a_file_may_be_given_in_any_way(tmp_path, kind):
    source = opened(wav(), kind, tmp_path)
    if kind == "open":
        source.read(17)  # it was looked at before
    np.testing.assert_allclose(read_audio(source, 8_000), tone(8_000), atol=1e-3)
    if kind in ("open", "memory"):
        assert not source.closed


@pytest.mark.parametrize(
    "source",
    [
        (8_000, np.zeros((2, 3, 4))),
        (0, np.zeros(4)),
        (8_000, np.zeros(4, np.uint8)),
        (8_000, np.array(["a"])),
        (8_000, np.zeros((100, 90))),
        (8_000, np.zeros((0, 90))),
        (8_000, np.zeros(4, complex)),
        (8_000, [0.0, 0.1]),
        (8_000, None),
        (8_000,),
        (8_000, np.zeros(4), 1),
        (np.zeros(4), 8_000),
        ("8000", np.zeros(4)),
        (None, np.zeros(4)),
        (8_000.5, np.zeros(4)),
        (float("nan"), np.zeros(4)),
        (float("inf"), np.zeros(4)),
        (10**12, np.zeros(4)),
        (1, np.zeros(4)),
        None,
        3,
        io.StringIO("text"),
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
