"""Whatever a clip is stored as, the frames that a viewer sees come out; whatever is broken has a
name.
"""

import io
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from captioner.config import ImageConfig
from captioner.errors import (
    CorruptFileError,
    FileMissingError,
    FileTooLargeError,
    InputError,
    MissingExtraError,
    UnsupportedFileError,
)
from captioner.preprocess import video
from captioner.preprocess.audio import read_audio
from captioner.preprocess.frames import ClipPreprocessor
from captioner.preprocess.video import evenly_spread, read_clip

av = pytest.importorskip("av")

# The index first, so that a file that breaks off still opens.
LARGE = {"size": (320, 240), "options": {"movflags": "faststart"}}
RAMP = [
    (5 * number,) * 3 for number in range(50)
]  # five seconds; a frame's number is a fifth of its grey


def numbers(clip) -> list[int]:
    return [round(frame.getpixel((3, 3))[0] / 5) for frame in clip.frames]


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi", "mov"])
def test_frames_are_those_that_are_shown_at_the_moments(write_clip, tmp_path, suffix):
    file = write_clip(tmp_path / f"a.{suffix}", RAMP)
    clip = read_clip(file, [0.0, 0.25, 0.31, 0.99, 1.0])
    assert numbers(clip) == pytest.approx([0, 12, 15, 49, 49], abs=1)
    assert clip.times_s == pytest.approx((0, 1.25, 1.55, 4.95, 5))
    assert clip.duration_s == pytest.approx(5)
    assert clip.frames[0].size == (64, 48) and clip.frames[0].mode == "RGB"
    assert numbers(read_clip(file.read_bytes(), [0.5])) == numbers(read_clip(str(file), [0.5]))


def atom(name: bytes, content: bytes = b"") -> bytes:
    return struct.pack(">I", 8 + len(content)) + name + content


FIRST = {
    "wide": atom(b"wide"),
    "free": atom(b"free", bytes(40)),
    "skip": atom(b"skip", bytes(40)),
    "pnot": atom(b"pnot", struct.pack(">IH4sH", 0, 0, b"PICT", 1)) + atom(b"PICT", bytes(16)),
    "mdat": b"",
    "junk": atom(b"junk", bytes(16)),
    "uuid": atom(b"uuid", bytes(24)),
    "udta": atom(b"udta"),
    "two": atom(b"wide") + atom(b"free", bytes(12)),
}


@pytest.mark.parametrize("first", FIRST.values(), ids=FIRST.keys())
def test_a_classic_quicktime_begins_with_any_atom(write_clip, tmp_path, first):
    """Cameras of before 2001, and editors, write no `ftyp`."""
    content = write_clip(tmp_path / "a.mov", RAMP).read_bytes()
    length = struct.unpack(">I", content[:4])[0]
    assert content[4:8] == b"ftyp"
    old = bytearray(first + content[length:])
    moved = len(first) - length
    at = old.index(b"stco") + 12  # where the chunks of the pictures lie
    for number in range(struct.unpack(">I", old[at - 4 : at])[0]):
        place = slice(at + 4 * number, at + 4 * number + 4)
        old[place] = struct.pack(">I", struct.unpack(">I", old[place])[0] + moved)
    assert numbers(read_clip(bytes(old), [0.1, 0.9])) == pytest.approx([5, 45], abs=1)


@pytest.mark.parametrize(
    "suffix", ["nut", "mxf", "ts", "flv", "wtv", "webm", "ogv", "gif", "asf", "3gp", "y4m"]
)
def test_what_ffmpeg_reads_is_read(tmp_path, suffix):
    codecs = {
        "webm": "libvpx",
        "ogv": "libtheora",
        "gif": "gif",
        "y4m": "wrapped_avframe",
        "flv": "flv",
    }
    codec, pix_fmt = codecs.get(suffix, "mpeg2video"), "rgb8" if suffix == "gif" else "yuv420p"
    if suffix == "3gp":
        codec = "mpeg4"
    with av.open(str(tmp_path / f"a.{suffix}"), "w") as container:
        try:
            stream = container.add_stream(codec, rate=25)
        except (ValueError, av.error.FFmpegError):
            pytest.skip(f"this FFmpeg has no encoder {codec}")
        stream.width, stream.height, stream.pix_fmt = 64, 48, pix_fmt
        for grey in range(25):
            frame = av.VideoFrame.from_ndarray(
                np.full((48, 64, 3), 5 * grey, np.uint8), format="rgb24"
            )
            container.mux(stream.encode(frame.reformat(format=pix_fmt)))
        container.mux(stream.encode(None))
    clip = read_clip(tmp_path / f"a.{suffix}", [0.1, 0.9])
    assert clip.frames[0].size == (64, 48)
    assert numbers(clip)[0] < 8 < 17 < numbers(clip)[1]


def pictures() -> dict[str, bytes]:
    found = {}
    for kind in ("JPEG", "PNG", "BMP", "TIFF", "WEBP", "PPM", "JPEG2000", "ICO"):
        with io.BytesIO() as stream:
            Image.new("RGB", (64, 48), "red").save(stream, kind)
            found[kind] = stream.getvalue()
    return found


NO_CLIPS = pictures() | {
    "letters": b"\x1b[31mHello\r\n" * 200,
    "subtitles": b"1\n00:00:00,000 --> 00:00:01,000\nHello\n\n" * 9,
    "WebVTT": b"WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n",
    "playlist": b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:1,\na.mp4\n",
    "list": b"ffconcat version 1.0\nfile a.mp4\n",
    "session": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004"
    b" RTP/AVP 96\n",
    "zeros": bytes(5000),
    "noise": np.random.default_rng(0).bytes(5000),
}


@pytest.mark.parametrize("content", NO_CLIPS.values(), ids=NO_CLIPS.keys())
def test_pictures_texts_and_lists_of_files_are_no_clips(write_clip, tmp_path, content):
    write_clip(tmp_path / "a.mp4", RAMP[:2])
    (tmp_path / "list").write_bytes(content)
    for read in (
        lambda: read_clip(tmp_path / "list", [0.5]),
        lambda: read_audio(tmp_path / "list", 8_000),
    ):
        with pytest.raises(UnsupportedFileError, match=r"not a (clip|recording) that can be read"):
            read()


def test_an_open_file_is_read(write_clip, tmp_path):
    file = write_clip(tmp_path / "a.mp4", RAMP)
    expected = numbers(read_clip(file, [0.1, 0.9]))
    with file.open("rb") as stream:
        stream.read(9)
        assert numbers(read_clip(stream, [0.1, 0.9])) == expected
        assert not stream.closed
    assert numbers(read_clip(io.BytesIO(file.read_bytes()), [0.1, 0.9])) == expected
    for source in (None, 3, io.StringIO("text"), stream):
        with pytest.raises(InputError):
            read_clip(source, [0.5])


def test_a_short_clip_shows_its_frames_more_than_once(write_clip, tmp_path):
    clip = read_clip(write_clip(tmp_path / "a.mp4", RAMP[20:22]), evenly_spread(4))
    assert numbers(clip) == pytest.approx([20, 20, 21, 21], abs=0)


@pytest.mark.parametrize(
    ("durations_ms", "shown"),
    [
        ([100, 300, 500, 700], [10, 20, 30, 30]),
        ([400, 400, 400, 400], [0, 10, 20, 30]),
        ([100], [0, 0, 0, 0]),
    ],
)
def test_a_gif_is_a_clip_too(durations_ms, shown):
    frames = [Image.new("RGB", (40, 30), RAMP[10 * number]) for number in range(len(durations_ms))]
    stream = io.BytesIO()
    frames[0].save(stream, "GIF", save_all=True, append_images=frames[1:], duration=durations_ms)
    assert numbers(read_clip(stream.getvalue(), evenly_spread(4))) == shown


def test_frames_in_between_are_skipped(write_clip, tmp_path, monkeypatch):
    file = write_clip(tmp_path / "a.mp4", [RAMP[number % 50] for number in range(400)])
    decoded = []
    decode = video._Player._decode
    monkeypatch.setattr(video._Player, "_decode", lambda self: decoded.append(1) or decode(self))
    clip = read_clip(file, [0.1, 0.9])
    assert numbers(clip) == pytest.approx([40, 10], abs=1)
    assert len(decoded) < 4 * 12 + 4  # of 400: groups of pictures have twelve
    decoded.clear()
    read_clip(file, evenly_spread(200))
    assert len(decoded) <= 401  # where nothing can be skipped, nothing is decoded twice


def test_a_variable_rate_is_heeded(write_clip, tmp_path):
    file = write_clip(tmp_path / "a.mp4", RAMP[:4], times=[0, 10, 20, 300])
    clip = read_clip(file, [0.02, 0.05, 0.5, 0.999])
    assert numbers(clip) == pytest.approx([0, 1, 2, 3], abs=0)


def test_a_file_without_its_length_is_measured(write_clip, tmp_path):
    whole = write_clip(tmp_path / "a.mkv", RAMP)
    live = write_clip(tmp_path / "live.mkv", RAMP, options={"live": "1"})
    with av.open(str(live)) as container:
        assert container.duration is None
    assert read_clip(live, [0.5]).duration_s == pytest.approx(5, abs=0.11)
    assert numbers(read_clip(live, evenly_spread(5))) == pytest.approx(
        numbers(read_clip(whole, evenly_spread(5))), abs=1
    )


def rotated(file: Path, clockwise: int) -> bytes:
    """Write into an MP4 how it is to be turned, as phones do: the matrix of its track header."""
    content = bytearray(file.read_bytes())
    at = content.index(b"tkhd") + 4 + 4 + 20 + 16
    one = 1 << 16
    matrix = {
        90: (0, one, 0, -one, 0, 0),
        180: (-one, 0, 0, 0, -one, 0),
        270: (0, -one, 0, one, 0, 0),
    }[clockwise]
    content[at : at + 36] = struct.pack(">9i", *matrix, 0, 0, 1 << 30)
    return bytes(content)


@pytest.mark.parametrize(("clockwise", "corner"), [(90, (40, 3)), (180, (60, 44)), (270, (3, 60))])
def test_a_clip_is_upright(write_clip, tmp_path, clockwise, corner):
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[:12, :12] = 255  # the upper left corner is white
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    frame = read_clip(rotated(tmp_path / "a.mp4", clockwise), [0.5]).frames[0]
    assert frame.size == ((64, 48) if clockwise == 180 else (48, 64))
    assert frame.getpixel(corner)[0] > 200
    assert sum(one > 128 for one in frame.convert("L").get_flattened_data()) < 64 * 48 / 8


def write_sound(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        track = container.add_stream("aac", rate=44_100)
        frame = av.AudioFrame.from_ndarray(
            np.zeros((1, 44_100), np.float32), format="fltp", layout="mono"
        )
        frame.sample_rate = 44_100
        container.mux(track.encode(frame))
        container.mux(track.encode(None))
    return path


def write_nothing(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        container.start_encoding()
    return path


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda folder, write: folder / "none.mp4", FileMissingError, "no such file"),
        (lambda folder, write: folder, UnsupportedFileError, "a folder"),
        (lambda folder, write: b"", CorruptFileError, "empty"),
        (lambda folder, write: b"no clip at all", UnsupportedFileError, "it holds text"),
        (
            lambda folder, write: b"\x89PNG\r\n\x1a\n" + bytes(50),
            UnsupportedFileError,
            "FFmpeg does not know",
        ),
        (lambda folder, write: b"\0\0\0\x18ftypmp42" + bytes(200), CorruptFileError, "broken MP4"),
        (
            lambda folder, write: write(folder / "a.mp4", RAMP).read_bytes()[:900],
            CorruptFileError,
            "broken MP4",
        ),
        (
            lambda folder, write: write(folder / "b.mp4", RAMP, **LARGE).read_bytes()[:-14_000],
            CorruptFileError,
            "broken off after 2.. of 4.9 s",
        ),
        (lambda folder, write: write_sound(folder / "c.mp4"), UnsupportedFileError, "sound alone"),
        (lambda folder, write: write_nothing(folder / "d.mp4"), CorruptFileError, "no pictures"),
    ],
    ids=[
        "missing",
        "folder",
        "empty",
        "text",
        "photo",
        "nonsense",
        "torn",
        "broken off",
        "sound",
        "no frames",
    ],
)
def test_a_broken_file_has_a_named_error(write_clip, tmp_path, make, error, says):
    with pytest.raises(error, match=says):
        read_clip(make(tmp_path, write_clip), [0.5, 0.99])


def test_a_missing_library_is_named_with_what_installs_it(write_clip, tmp_path, monkeypatch):
    file = write_clip(tmp_path / "a.mp4", RAMP[:2])
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError, match=r"PyAV: pip install 'captioner\[video\]'"):
        read_clip(file, [0.5])


def test_too_many_pixels_are_refused(write_clip, tmp_path):
    with pytest.raises(FileTooLargeError, match="64 x 48"):
        read_clip(write_clip(tmp_path / "a.mp4", RAMP[:2]), [0.5], max_pixels=3000)


def test_frames_that_are_larger_than_the_head_says_are_not_decoded():
    content = io.BytesIO()
    with av.open(content, "w", format="avi") as clip:
        stream = clip.add_stream("mjpeg", rate=5, width=64, height=48, pix_fmt="yuvj420p")
        clip.start_encoding()
        for number, size in enumerate([(64, 48)] * 3 + [(640, 480)] * 3):
            jpeg = io.BytesIO()
            Image.new("RGB", size, "red").save(jpeg, "JPEG")
            packet = av.Packet(jpeg.getvalue())
            packet.stream, packet.is_keyframe, packet.time_base = stream, True, stream.time_base
            packet.pts = packet.dts = number
            clip.mux(packet)
    assert read_clip(content.getvalue(), [0.1, 0.9]).frames[1].size == (640, 480)
    with pytest.raises(CorruptFileError, match="a broken AVI file"):
        read_clip(content.getvalue(), [0.1, 0.9], max_pixels=100_000)


def test_frames_are_reduced_by_a_whole_factor(write_clip, tmp_path):
    file = write_clip(tmp_path / "a.mp4", RAMP[:2], size=(320, 240))
    assert read_clip(file, [0.5], at_least=60).frames[0].size == (80, 60)


@pytest.fixture
def preprocess():
    return ClipPreprocessor(
        ImageConfig(height=32, width=64, mean=(0, 0, 0), std=(1, 1, 1)), num_frames=5
    )


def test_a_clip_becomes_frames_of_one_size(preprocess, write_clip, tmp_path):
    tensor = preprocess(preprocess.read(write_clip(tmp_path / "a.mp4", RAMP)))
    assert tensor.shape == (5, 3, 32, 64)
    assert (tensor.mean((1, 2, 3)) * 51).tolist() == pytest.approx([5, 15, 25, 35, 45], abs=1)


def test_views_are_the_same_for_the_same_seed_and_each_frame_stays_in_its_part(
    preprocess, write_clip, tmp_path
):
    file = write_clip(tmp_path / "a.mp4", RAMP)
    views = preprocess.views(file, [(False, None), (True, None), (False, 1), (False, 2)])
    whole, mirrored, first, second = views
    assert views.shape == (4, 5, 3, 32, 64)
    assert np.array_equal(whole, preprocess(preprocess.read(file)))
    assert np.array_equal(whole[..., ::-1], mirrored)
    assert abs(first - second).max() > 0.01
    assert np.array_equal(preprocess.views(file, [(False, 2)])[0], second)
    for view in (first, second):
        shown = (view.mean((1, 2, 3)) * 51).round().tolist()
        assert all(10 * part - 1 <= number <= 10 * part + 11 for part, number in enumerate(shown))
        assert shown == sorted(shown)
