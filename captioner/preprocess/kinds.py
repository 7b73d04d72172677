"""Which files are photos, clips or recordings: by their names, when folders are searched, and by how they begin."""

import os
import re
from collections.abc import Mapping

# The one list of names; a file that is named outright is read whatever it is called.
SUFFIXES = frozenset(
    {".avif", ".bmp", ".gif", ".heic", ".heif", ".jfif", ".jp2", ".jpeg", ".jpg", ".png", ".ppm"}
    | {".tif", ".tiff", ".webp"}
)

# How each kind of file that is read begins. Kinds that run another program (EPS), or that random bytes may pass for
# (TGA), are left out.
SIGNATURES = {
    "JPEG": rb"\xff\xd8\xff",
    "PNG": rb"\x89PNG\r\n",
    "GIF": rb"GIF8[79]a",
    "WEBP": rb"RIFF.{4}WEBP",
    "AVIF": rb".{4}ftyp(?:.{4}){0,8}?avi[fs]",
    "HEIF": rb".{4}ftyp(?:.{4}){0,8}?(?:hei[cxms]|hev[cxms]|mif1|msf1)",
    "TIFF": rb"II[*+]\0|MM\0[*+]",
    "BMP": rb"BM.{4}\0{4}",
    "JPEG2000": rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51",
    "ICO": rb"\x00\x00\x01\x00[^\x00]",
    "PPM": rb"P[1-6]\s+[#\d]",
    "PSD": rb"8BPS\x00\x01",
}


def is_photo_name(name: str) -> bool:
    """Tell whether a file is a photo by its suffix."""
    return os.path.splitext(name)[1].lower() in SUFFIXES  # noqa: PTH122 (faster over many files)


VIDEO_SUFFIXES = frozenset(
    {".3gp", ".avi", ".flv", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ogv", ".webm", ".wmv"}
)

# Recordings, and videos, whose sound is read.
SOUND_SUFFIXES = VIDEO_SUFFIXES | {
    *(".aac", ".aif", ".aiff", ".flac", ".m4a", ".mp3", ".oga", ".ogg", ".opus", ".wav", ".wma")
}

VIDEO_SIGNATURES = {
    "OGG": rb"OggS",
    "MP4": rb".{4}(?:ftyp|moov|mdat|wide|free|skip|pnot|uuid|udta|junk)",
    "Matroska": rb"\x1a\x45\xdf\xa3",
    "AVI": rb"RIFF.{4}AVI ",
    "ASF": rb"\x30\x26\xb2\x75",
    "FLV": rb"FLV\x01",
    "MPEG": rb"\x00\x00\x01[\xb3\xba]|G.{187}G",
}

SOUND_SIGNATURES = {
    "WAV": rb"(?:RIFF|RIFX|RF64|BW64).{4}WAVE",
    "FLAC": rb"fLaC",
    # An ID3 tag, or the head of a frame of layer 2 or 3; the ones of layer 1 begin like a text in UTF-16.
    "MP3": rb"ID3|\xff[\xe2\xe3\xf2-\xf5\xfa-\xfd]",
    "AAC": rb"\xff[\xf0\xf1\xf8\xf9]",
    "AIFF": rb"FORM.{4}AIF[CF]",
    "AU": rb"\.snd",
    "CAF": rb"caff",
    **VIDEO_SIGNATURES,
}


def is_recording_name(name: str) -> bool:
    """Tell whether a file is a recording, or a video, by its suffix."""
    return os.path.splitext(name)[1].lower() in SOUND_SUFFIXES  # noqa: PTH122 (faster over many files)


def is_clip_name(name: str) -> bool:
    """Tell whether a file is a video by its suffix."""
    return os.path.splitext(name)[1].lower() in VIDEO_SUFFIXES  # noqa: PTH122 (faster over many files)


def kind_of(head: bytes, signatures: Mapping[str, bytes]) -> str | None:
    """Name the kind of file by its first bytes; None where they are none of the signatures."""
    return next((kind for kind, start in signatures.items() if re.match(start, head, re.DOTALL)), None)
