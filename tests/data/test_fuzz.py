"""Whatever bytes a file of texts holds: it is read, or refused by an error of ours."""

import contextlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from captioner.batch.journal import Journal
from captioner.data.clip_captions import read_clip_captions
from captioner.data.clips import in_list
from captioner.data.parallel_text import read_parallel
from captioner.data.speech_manifest import read_manifest
from captioner.data.subtitles import read_subtitles
from captioner.errors import AnnotationError, CaptionerError
from captioner.outputs.earlier import read_earlier

ROW = (
    '{"file": "a", "caption": "x", "log_prob": -1, "candidates": [{"caption": "x", "log_prob": 0}],'
    ' "model": "m", "error": null}'
)
SEEDS = [
    "1\n00:00:01,000 --> 00:00:02,500\n<i>A dog</i>\n- Who?\n\n2\n01:02:03,0 --> 01:02:04,0\nA\n",
    "WEBVTT - Film\n\nNOTE a\n\nx\n00:01.000 --> 00:04.000 align:start\n<v Ann>Tom &amp; I</v>\n",
    'audio,text,speaker\na.wav,"seven, eight",x\n',
    '{"audio_filepath": "a", "text": "b", "speaker": "c"}\n',
    '{"videos": [{"video_id": "v", "split": "val"}], "sentences": [{"video": "v", "caption": ""}]}',
    '[{"video": "a/b.mp4", "caption": ["x", "y"], "split": "val"}]',
    '{"source": "a", "target": "b"}\n',
    "a\tb\n",
    "A/v_A_g01_c01.avi 1\n",
    ROW + "\n" + ROW.replace("null", '{"type": "X", "message": "y"}') + "\n",
    'file,caption,log_prob,model,error\r\na.jpg,x,-1.0,m,\r\nb.jpg,,,m,"X: y"\r\n',
    '{"model": "m"}\n['
    + ROW
    + ']\n{"failed": {"a": {"type": "X", "message": "y"}}}\n{"earlier": []}\n',
]
PIECES = [
    *(
        ",",
        "\t",
        '"',
        "\n",
        "\r",
        " ",
        "\\",
        "/",
        ".",
        "{",
        "}",
        "[",
        "]",
        ":",
        "-->",
        "null",
        "7",
        "9" * 90,
        "1e999",
    ),
    *(
        "\ufeff",
        "\0",
        "\u2028",
        "\\ud83d",
        "NaN",
        "[" * 3000,
        "&#x110000;",
        "<",
        "{\\an8}",
        "00:00:01,000",
    ),
]


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """A file that is right but for a few places."""
    content = bytearray(draw(st.sampled_from(SEEDS)).encode())
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(content)))
        piece = draw(st.binary(max_size=3) | st.sampled_from(PIECES).map(str.encode))
        content[place : place + draw(st.integers(0, 6))] = piece
    return bytes(content)


def journal(file: Path) -> None:
    opened = Journal(file, {"model": "m"})
    try:
        list(opened.records())
    finally:
        opened.close()


def subtitles(file: Path) -> None:
    found = read_subtitles(file)
    found.with_texts([text[::-1] for text in found.texts])


READERS = {
    "a.srt": subtitles,
    "a.vtt": subtitles,
    "manifest": read_manifest,
    "pairs": lambda file: read_parallel(file, None),
    "clips": read_clip_captions,
    "list": lambda file: in_list([], file),
    "a.jsonl": lambda file: list(read_earlier(file, "caption")),
    "a.csv": lambda file: list(read_earlier(file, "caption")),
    "a.unfinished": journal,
}


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=25, deadline=None, database=None)
@given(content=files())
def test_no_file_is_more_than_an_error_of_ours(name, content):
    with tempfile.TemporaryDirectory() as folder:
        (file := Path(folder, name)).write_bytes(content)
        with contextlib.suppress(CaptionerError):
            READERS[name](file)


@pytest.mark.parametrize("name", ["a.srt", "a.vtt", "manifest", "pairs", "clips", "list"])
def test_a_file_that_is_not_there_is_named(tmp_path, name):
    with pytest.raises(AnnotationError, match=name):
        READERS[name](tmp_path / name)
