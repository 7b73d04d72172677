"""Recognises photos, clips and recordings in folders, by their suffixes or their first bytes."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from captioner.errors import InputError
from captioner.preprocess.opening import open_regular

# Suffixes of photos, for the search of folders. A file that the user names directly is read
# whatever its suffix is.
SUFFIXES = frozenset(
    """
        .apng .avif .avifs .bmp .gif .heic .heics .heif .hif .j2c .j2k .jfi .jfif .jif .jp2 .jpc
        .jpe .jpeg .jpf .jpg .jpx .pbm .pgm .pjp .pjpeg .png .pnm .ppm .tif .tiff .webp
    """.split()
)

# Folders that systems put beside the user's files: macOS, Windows, Synology.
COMPANION_FOLDERS = frozenset({"__macosx", "@eadir", ".appledouble"})
COMPANION_FILES = frozenset({".ds_store", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"})

# How each supported kind of photo begins. Kinds that need another program (EPS), and those for
# which random bytes may be taken (TGA), are left out.
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


VIDEO_SUFFIXES = frozenset(
    """
        .3gp .avi .flv .m4v .mkv .mov .mp4 .mpeg .mpg .mts .ogv .webm .wmv
    """.split()
)

# Suffixes of recordings, and of videos, whose sound is read.
SOUND_SUFFIXES = VIDEO_SUFFIXES | {
    *(".aac", ".aif", ".aiff", ".flac", ".m4a", ".mp3", ".oga", ".ogg", ".opus", ".wav", ".wma")
}

CLIP_SUFFIXES = VIDEO_SUFFIXES | {".gif"}

HEAD_BYTES = 512  # enough for each signature

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
    # An ID3 tag, or the header of a frame of layer 2 or 3. Frames of layer 1 begin like a text in
    # UTF-16.
    "MP3": rb"ID3|\xff[\xe2\xe3\xf2-\xf5\xfa-\xfd]",
    "AAC": rb"\xff[\xf0\xf1\xf8\xf9]",
    "AIFF": rb"FORM.{4}AIF[CF]",
    "AU": rb"\.snd",
    "CAF": rb"caff",
    **VIDEO_SIGNATURES,
}


CLIP_SIGNATURES = {**VIDEO_SIGNATURES, "GIF": SIGNATURES["GIF"]}

# Kinds whose signatures are too short to identify a file, since other files may begin alike.
SHORT_SIGNATURES = ("ICO", "MP3", "AAC")


@dataclass(frozen=True)
class Kind:
    """A kind of file that folders are searched for.

    Attributes:
        name: The name of such files, in the plural.
        suffixes: Suffixes of their names.
        signatures: Patterns of their first bytes.
    """

    name: str
    suffixes: frozenset[str]
    signatures: Mapping[str, bytes]

    def has_name(self, name: str) -> bool:
        """Tell whether a file has a suffix of this kind and is no companion file of a system."""
        suffix = os.path.splitext(name)[1]  # noqa: PTH122 (faster over many files)
        return suffix.lower() in self.suffixes and not is_companion_name(name)

    def has(self, name: str, path: str) -> bool:
        """Tell whether a file is of this kind by its suffix or, without one, by its first bytes."""
        if os.path.splitext(name)[1].strip(".") or name.startswith("."):  # noqa: PTH122
            return self.has_name(name)
        try:
            with open_regular(path, self.name) as stream:
                head = stream.read(HEAD_BYTES)
        except (InputError, OSError):
            return False
        kind = kind_of(head, self.signatures)
        told = kind is not None and kind not in SHORT_SIGNATURES
        return told and (kind == "PPM" or not is_text(head))


PHOTOS = Kind("photos", SUFFIXES, SIGNATURES)
CLIPS = Kind("clips", CLIP_SUFFIXES, CLIP_SIGNATURES)
RECORDINGS = Kind("recordings", SOUND_SUFFIXES, SOUND_SIGNATURES)

is_photo_name = PHOTOS.has_name
is_clip_name = CLIPS.has_name
is_recording_name = RECORDINGS.has_name


def is_companion_name(name: str) -> bool:
    """Tell whether a system put a file there, as macOS keeps `._photo.jpg` beside `photo.jpg`."""
    return name.startswith("._") or name.casefold() in COMPANION_FILES


def is_text(head: bytes) -> bool:
    """Tell whether a file that begins with these bytes may be ASCII text."""
    return head.isascii() and b"\0" not in head


def kind_of(head: bytes, signatures: Mapping[str, bytes]) -> str | None:
    """Return the kind of file by its first bytes; None if they match no signature."""
    return next(
        (kind for kind, start in signatures.items() if re.match(start, head, re.DOTALL)), None
    )
