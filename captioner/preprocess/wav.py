"""Finds WAV files that are cut short, which decoders read without an error."""

import io
import struct

WHOLE_S = 0.1
"""A file that is up to this many seconds shorter than its header says counts as whole. Some
programs miscount, and no word is so short.
"""
MOST_CHUNKS = 1000
LEAST_UNKNOWN = 0x7FFF0000
"""Programs that do not know how long the sound will be write a size of 0 or of at least this."""


def lost_s(stream: io.BytesIO | io.BufferedReader) -> float:
    """Return how many seconds of sound are missing by the header; 0 if it gives no length.

    Args:
        stream: A WAV file, which is rewound afterwards.
    """
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    told, start, bytes_a_second = _data(stream)
    stream.seek(0)
    if not 0 < told < LEAST_UNKNOWN or not bytes_a_second:
        return 0.0
    return max(0.0, (told - (size - start)) / bytes_a_second)


def _data(stream: io.BytesIO | io.BufferedReader) -> tuple[int, int, int]:
    """Return the data's length by the header, its offset, and its bytes a second; 0 if unknown."""
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
        elif name == b"ds64" and len(content) == 16:  # RF64 has its large sizes here
            long_size = struct.unpack("<Q", content[8:16])[0]
        stream.seek(start + length + length % 2)
    return 0, 0, 0
