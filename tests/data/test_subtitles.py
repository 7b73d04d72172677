"""Subtitles keep times, marks, settings and cues; texts alone change, and lines that go on are
one text.
"""

from pathlib import Path

import pytest

from captioner.data.subtitles import read_subtitles
from captioner.errors import AnnotationError

SRT = """1
00:00:01,000 --> 00:00:02,500
<i>Two dogs run
across the field.</i>

2
00:01:02,000 --> 00:01:04,000
{\\an8}- <b>Who</b> is it?
- Tom & Ann,
who else?

7
00:01:05,000 --> 00:01:06,000

"""
VTT = """WEBVTT - Film
Kind: captions

STYLE
::cue { color: red }

NOTE a note

intro
00:00:01.000 --> 00:00:02.500 align:start position:10%
<v Ann>Tom &amp; I run.</v>

00:01:02.000 --> 00:01:04.000
5 &lt; 6
"""


def written(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_bytes(content.encode())
    return path


@pytest.mark.parametrize("content", [SRT, SRT.replace("\n", "\r\n"), "\ufeff" + SRT])
def test_subrip(tmp_path, content):
    found = read_subtitles(written(tmp_path, "a.srt", content))
    assert found.texts == [
        "Two dogs run across the field.",
        "- Who is it?",
        "- Tom & Ann, who else?",
    ]
    expected = SRT.replace("Two dogs run\nacross the field.", "Zwei Hunde laufen\nueber das Feld.")
    expected = expected.replace("- <b>Who</b> is it?", "- x")
    expected = expected.replace("- Tom & Ann,\nwho else?", "- y")
    assert (
        found.with_texts(["Zwei Hunde laufen ueber das Feld.", "- x", "- y"]).rstrip()
        == expected.rstrip()
    )


def test_webvtt(tmp_path):
    found = read_subtitles(written(tmp_path, "a.VTT", VTT))
    assert found.texts == ["Tom & I run.", "5 < 6"]
    expected = VTT.replace("Tom &amp; I run.", "A &amp; B").replace("5 &lt; 6", "&lt;3")
    assert found.with_texts(["A & B", "<3"]) == expected


def test_no_cues(tmp_path):
    assert read_subtitles(written(tmp_path, "a.srt", "")).texts == []
    assert (
        read_subtitles(written(tmp_path, "a.vtt", "WEBVTT\n")).with_texts([]).startswith("WEBVTT")
    )


@pytest.mark.parametrize(
    ("name", "content"), [("a.srt", "no subtitles\n"), ("a.vtt", "no subtitles\n"), ("a.vtt", "")]
)
def test_other_files_are_named(tmp_path, name, content):
    with pytest.raises(AnnotationError, match=name):
        read_subtitles(written(tmp_path, name, content))


def test_the_line_that_is_no_cue_is_named(tmp_path):
    with pytest.raises(AnnotationError, match=r"a\.srt, line 1: no cue of SubRip"):
        read_subtitles(written(tmp_path, "a.srt", SRT.replace("-->", "->")))


def test_cues_without_numbers_get_them(tmp_path):
    cue = "00:00:0{},000 --> 00:00:0{},500\n{}\n\n"
    found = read_subtitles(
        written(tmp_path, "a.srt", cue.format(1, 1, "a") + cue.format(2, 2, "b"))
    )
    assert found.with_texts(["c", "d"]) == (f"1\n{cue.format(1, 1, 'c')}2\n{cue.format(2, 2, 'd')}")


BIG = "9" * 90


@pytest.mark.parametrize(
    "content",
    [
        f"1\n00:00:01,000 --> {BIG}:00:00,000\na\n",
        f"1\n{BIG}:00:01,000 --> 00:00:02,000\na\n",
        f"{'9' * 5000}\n00:00:01,000 --> 00:00:02,000\na\n",
    ],
)
def test_numbers_beyond_all_use_are_named(tmp_path, content):
    with pytest.raises(AnnotationError, match=r"a\.srt: no subtitles of SubRip"):
        read_subtitles(written(tmp_path, "a.srt", content))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32", "utf-32-be"])
@pytest.mark.parametrize(("name", "content"), [("a.srt", SRT), ("a.vtt", VTT)])
def test_subtitles_are_read_by_their_mark(tmp_path, name, content, encoding):
    marked = content if encoding in ("utf-8-sig", "utf-16", "utf-32") else f"\ufeff{content}"
    (tmp_path / name).write_bytes(marked.encode(encoding))
    assert (
        read_subtitles(tmp_path / name).texts
        == read_subtitles(written(tmp_path, f"b{name}", content)).texts
    )


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16-le", "cp1251"])
def test_subtitles_in_another_encoding_are_named(tmp_path, encoding):
    content = SRT.replace(
        "Who", "Wer é" if encoding == "latin-1" else "Кто" if encoding == "cp1251" else "Who"
    )
    (tmp_path / "a.srt").write_bytes(content.encode(encoding))
    with pytest.raises(AnnotationError, match=r"a\.srt, line \d+: .*save it as text in UTF-8"):
        read_subtitles(tmp_path / "a.srt")
