"""Finds WAV files that are cut short, which decoders read without an error."""

import io
import struct

WHOLE_S = 0.1
"""A file that is shorter than its header says by no more than this, seconds, counts as whole: some
programs miscount, and no word is so short.
"""
MOST_CHUNKS = 1000
LEAST_UNKNOWN = 0x7FFF0000
"""Larger sizes, and 0, are written by programs that do not know how long the sound will be."""


def lost_s(stream: io.BytesIO | io.BufferedReader) -> float:
    """Return how many seconds of announced sound are missing, 0 if the header does not tell.

    Args:
        stream: A WAV file; it is then at its beginning again.
    """
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    told, start, bytes_a_second = _data(stream)
    stream.seek(0)
    if not 0 < told < LEAST_UNKNOWN or not bytes_a_second:
        return 0.0
    return max(0.0, (told - (size - start)) / bytes_a_second)


def _data(stream: io.BytesIO | io.BufferedReader) -> tuple[int, int, int]:
    """Return the data's announced length, its offset, and the bytes a second; 0 if unknown."""
    order = ">" if stream.read(12).startswith(b"RIFX") else "<"
    bytes_a_second = long_size = 0
    for _ in range(MOST_CHUNKS):
        head = stream.read(8)
        if len(head) < 8:
            break
        name, length = struct.unpack(f"{order}4sI", head)
        start = stream.tell()
        if name == b"data":
            return long_size or length, start, bytes_a_second
        content = stream.read(16)
        if name == b"fmt " and len(content) == 16:
            bytes_a_second = struct.unpack(f"{order}I", content[8:12])[0]
        elif name == b"ds64" and len(content) == 16:  # of RF64, whose own sizes are too small
            long_size = struct.unpack("<Q", content[8:16])[0]
        stream.seek(start + length + length % 2)
    return 0, 0, 0
