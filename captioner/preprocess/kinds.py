"""Which files are photos: by their names, when folders are searched, and by how they begin, when they are read."""

import os

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
