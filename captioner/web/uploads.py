"""Receives visitors' uploads: names each file, and unpacks the photos of ZIPs that are safe."""

import re
import stat
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from captioner.errors import (
    CorruptFileError,
    FileTooLargeError,
    InputError,
    OutputError,
    UnsupportedFileError,
    UsageError,
)
from captioner.outputs.disk import OF_ALL_FILES
from captioner.preprocess.kinds import COMPANION_FOLDERS, is_photo_name
from captioner.web.limits import Limits

NAME_CHARACTERS = 120
CHUNK_BYTES = 1 << 20
ABSOLUTE = re.compile(r"[/\\]|[A-Za-z]:")
T = TypeVar("T")


@dataclass(frozen=True)
class Upload:
    """A file that a visitor sent.

    Attributes:
        name: The visitor's name for it, with folders but no `..`; it is shown and written into
            results.
        path: Where it is stored.
    """

    name: str
    path: Path


def uploads(sent: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None) -> list[Upload]:
    """Return the uploads of one or several Gradio files; Gradio has checked each `path`."""
    files = [sent] if isinstance(sent, Mapping) else sent or []
    return [
        Upload(_short(str(file.get("orig_name") or Path(file["path"]).name)), Path(file["path"]))
        for file in files
    ]


def read_upload(sent: Mapping[str, Any] | None, what: str, read: Callable[[Path], T]) -> T:
    """Read one of Gradio's files.

    Args:
        sent: The file.
        what: What it should be, such as `a photo`, for messages.
        read: The function that reads a path.

    Raises:
        UsageError: There is no file.
        InputError: It cannot be read; the message has the visitor's name for it.
    """
    files = uploads(sent)
    if not files:
        raise UsageError(f"choose {what} first")
    try:
        return read(files[0].path)
    except InputError as error:
        raise type(error)(files[0].name, error.reason) from error


def photos_in(sent: Sequence[Upload], folder: Path, limits: Limits) -> list[Upload]:
    """Unpack each ZIP, and return all photos, each under a name of its own.

    Args:
        sent: Photos and ZIPs.
        folder: An empty folder for what is unpacked.
        limits: The most files and bytes that are accepted.

    Raises:
        UsageError: There is no photo, or there are too many.
        InputError: A ZIP is broken or not safe.
    """
    found: list[Upload] = []
    for upload in sent:
        if upload.path.suffix.lower() == ".zip" or zipfile.is_zipfile(upload.path):
            found += _unpacked(upload, folder, limits)
        else:
            found.append(upload)
        if len(found) > limits.files:
            raise UsageError(f"more than {limits.files} photos; send them in several runs")
    if not found:
        names = ", ".join(upload.name for upload in sent)
        raise UsageError(
            f"{names}: no photos there" if names else "choose photos or a ZIP of photos first"
        )
    return _named_apart(found)


def _unpacked(upload: Upload, folder: Path, limits: Limits) -> Iterator[Upload]:
    try:
        with zipfile.ZipFile(upload.path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            for entry in entries:
                _check(entry, upload.name, limits)
            photos = [entry for entry in entries if _is_photo(entry.filename)]
            if len(photos) > limits.files:
                raise FileTooLargeError(
                    upload.name, f"{len(photos)} photos; at most {limits.files} in one run"
                )
            if sum(entry.file_size for entry in entries) > limits.unpacked_bytes:
                raise FileTooLargeError(upload.name, _too_large(limits))
            left = limits.unpacked_bytes
            for entry in photos:
                # The file is named by a number; only the suffix comes from the archive.
                path = (
                    folder
                    / f"{len(list(folder.iterdir())):05d}{Path(entry.filename).suffix.lower()}"
                )
                left -= _extract(archive, entry, path, upload.name, left, limits)
                yield Upload(_short(entry.filename), path)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        if isinstance(error, OSError) and error.errno in OF_ALL_FILES:
            raise OutputError(f"{upload.name} cannot be unpacked: {error.strerror}") from error
        raise CorruptFileError(
            upload.name, f"this ZIP cannot be unpacked ({error}); make it again"
        ) from error
    except Exception as error:  # zlib, lzma and bz2 each raise their own kind
        if isinstance(error, InputError):
            raise
        raise CorruptFileError(upload.name, "this ZIP is broken; make it again") from error


def _check(entry: zipfile.ZipInfo, name: str, limits: Limits) -> None:
    """Raise an error for an unsafe entry, so that the whole archive is refused."""
    parts = PurePosixPath(entry.filename.replace("\\", "/")).parts
    if ABSOLUTE.match(entry.filename) or ".." in parts:
        raise UnsupportedFileError(
            name, f"it holds {entry.filename!r}, which points out of the archive; not unpacked"
        )
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise UnsupportedFileError(name, f"it holds {entry.filename!r}, a link; not unpacked")
    if entry.flag_bits & 0x1:
        raise UnsupportedFileError(name, "it is encrypted; make a ZIP without a password")
    if entry.file_size > max(limits.zip_ratio * entry.compress_size, CHUNK_BYTES):
        ratio = entry.file_size / max(entry.compress_size, 1)
        raise FileTooLargeError(
            name, f"{entry.filename!r} would grow {ratio:.0f} times, as no photo does; not unpacked"
        )
    if entry.file_size > limits.file_bytes:
        raise FileTooLargeError(name, _entry_too_large(entry, limits))


def _extract(
    archive: zipfile.ZipFile,
    entry: zipfile.ZipInfo,
    path: Path,
    name: str,
    left: int,
    limits: Limits,
) -> int:
    """Write one entry and return its size, counted while reading, since headers may be wrong."""
    written = 0
    with archive.open(entry) as source, path.open("wb") as target:
        while chunk := source.read(CHUNK_BYTES):
            written += len(chunk)
            if written > limits.file_bytes:
                raise FileTooLargeError(name, _entry_too_large(entry, limits))
            if written > left:
                raise FileTooLargeError(name, _too_large(limits))
            target.write(chunk)
    return written


def _entry_too_large(entry: zipfile.ZipInfo, limits: Limits) -> str:
    return f"{entry.filename!r} is larger than {limits.file_bytes / 1e6:.0f} MB; not unpacked"


def _too_large(limits: Limits) -> str:
    return (
        f"it unpacks to more than {limits.unpacked_bytes / 1e6:.0f} MB; send the photos in"
        " several runs"
    )


def _is_photo(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return is_photo_name(path.name) and not COMPANION_FOLDERS & {
        part.casefold() for part in path.parts
    }


def _short(name: str) -> str:
    """Shorten each part of a path for any disk, but keep its suffix; drop empty parts and dots."""
    parts = [
        part for part in re.split(r"[/\\]", name.replace("\0", "")) if part not in ("", ".", "..")
    ]
    kept = []
    for part in parts or ["file"]:
        stem, dot, suffix = part.rpartition(".")
        cut = len(part) > NAME_CHARACTERS
        kept.append(
            f"{stem[: NAME_CHARACTERS - 20]}{dot}{suffix[:19]}"
            if cut and dot
            else part[:NAME_CHARACTERS]
        )
    return "/".join(kept)


def _named_apart(found: Sequence[Upload]) -> list[Upload]:
    """Number repeated names, as in `photo (2).jpg`; names that differ only in case are equal."""
    taken: set[str] = set()
    apart = []
    for upload in found:
        path, name, count = PurePosixPath(upload.name), upload.name, 1
        while name.casefold() in taken:
            count += 1
            name = str(path.with_name(f"{path.stem} ({count}){path.suffix}"))
        taken.add(name.casefold())
        apart.append(Upload(name, upload.path))
    return apart
