"""Opens an audio or video file with FFmpeg (PyAV), which alone decides on its format."""

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any

from captioner.errors import CorruptFileError, UnsupportedFileError
from captioner.preprocess.kinds import is_text, kind_of
from captioner.preprocess.opening import decoding, head_of, import_library

# FFmpeg's formats that are neither audio nor video: devices and lists of other files; single
# pictures and sequences of pictures (as are all formats whose names end in _pipe); and texts, such
# as subtitles and pictures drawn with letters.
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
    """Return the formats that are read, as FFmpeg's option `format_whitelist` takes them."""
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
    """Open a file with PyAV; any decoder's error within the block means that the file is broken.

    Args:
        stream: The file, at its beginning.
        name: Its name, for messages.
        signatures: How the usual kinds of file begin; they only affect the error and its message.
        extra: The extra that installs PyAV.
        refusal: The message, with `{holds}` in it, for a file that is none of these kinds and that
            FFmpeg does not know.

    Raises:
        UnsupportedFileError: FFmpeg does not know the file.
        CorruptFileError: It is of a usual kind, but broken.
        MissingExtraError: PyAV is not installed.
    """
    head = head_of(stream, name)
    kind = kind_of(head, signatures)
    av = import_library("av", extra)
    # Only the file itself is read; other files that it names are not opened.
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
