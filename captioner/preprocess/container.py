"""Opens an audio or video file; FFmpeg (PyAV) alone decides what it holds."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

from captioner.errors import CorruptFileError, UnsupportedFileError
from captioner.preprocess.kinds import is_text, kind_of
from captioner.preprocess.opening import decoding, head_of, import_library

# What FFmpeg reads beside sound and moving pictures: devices and lists of other files; single
# pictures (and all whose name ends in _pipe) and files of photos one behind the other; and texts:
# subtitles, drawings with letters, notes.
NOT_READ = {
    *"""
        alsa concat fbdev hls kmsgrab lavfi rtp rtsp sap sdp v4l2 video4linux2 video4linux2,v4l2
        webm_dash_manifest x11grab
    """.split(),
    *"""
        alias_pix brender_pix fits ico image2 image2pipe mjpeg mjpeg_2000 mpjpeg txd
    """.split(),
    *"""
        adf aqtitle ass bin ffmetadata idf jacosub lrc mcc microdvd mpl2 mpsub pjs rcwt realtext
        sami sbg scc srt stl subviewer subviewer1 sup svg tedcaptions tty vobsub vplayer webvtt xbin
    """.split(),
}


@cache
def _formats() -> str:
    """List the formats that are read, as FFmpeg's option takes it."""
    from av.format import formats_available

    names = sorted(formats_available - NOT_READ)
    return ",".join(name for name in names if not name.endswith("_pipe"))


@contextmanager
def open_container(
    stream: io.BytesIO | io.BufferedReader,
    name: str,
    signatures: Mapping[str, bytes],
    extra: str,
    refusal: str,
) -> Iterator[Any]:
    """Open a file by PyAV; what goes wrong within the block is a broken file.

    Args:
        stream: The file, at its beginning.
        name: What it is called in messages.
        signatures: How the usual kinds of file begin; they choose the words of a refusal, and
            refuse nothing.
        extra: What installs PyAV.
        refusal: Of a file that is none of these kinds and that FFmpeg does not know, with `{holds}`
            in it.

    Raises:
        UnsupportedFileError: FFmpeg does not know the file.
        CorruptFileError: It is of a usual kind, but broken.
        MissingExtraError: PyAV is not installed.
    """
    head = head_of(stream, name)
    kind = kind_of(head, signatures)
    av = import_library("av", extra)
    # The file itself is all that is read: what it names elsewhere is not opened.
    options = {"protocol_whitelist": "none", "format_whitelist": _formats()}
    try:
        with decoding(name, f"a broken {kind} file"):
            container = av.open(stream, metadata_errors="ignore", options=options)
    except CorruptFileError as error:
        if kind is not None:
            raise
        holds = "it holds text" if is_text(head) else "FFmpeg does not know its content"
        raise UnsupportedFileError(name, refusal.format(holds=holds)) from error
    with decoding(name, f"a broken {kind or container.format.name} file"), container:
        yield container
