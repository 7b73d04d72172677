"""Writes captions as text files beside the photos, as training tools of image generators expect."""

import os
from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from typing import Literal

from captioner.data.text_file import MARKS, mark_of
from captioner.errors import OutputError, UsageError
from captioner.outputs.caption_text import CaptionText
from captioner.outputs.disk import may_be_written, output_errors, replacing
from captioner.outputs.encoding import encoded
from captioner.outputs.record import Record
from captioner.outputs.writer import Writer
from captioner.preprocess.kinds import is_photo_name

SEPARATOR = ", "  # between the old text and the new text, as between tags
BLANKS = " \t\n\r\v\f"

# If a sidecar exists, its photo is skipped, or the text is replaced, appended or prepended.
Existing = Literal["skip", "overwrite", "append", "prepend"]


class SidecarWriter(Writer):
    """Writes `photo.txt` beside `photo.jpg`, or `photo.jpg.txt` if two photos share the stem.

    The files in the folder decide which of the two, so the order of the photos does not matter. A
    sidecar is complete at any moment, and writing the same caption again changes nothing. Several
    threads may write at once.

    Args:
        files: The photos to come; they count as photos whatever their names are.
        existing: What happens to a sidecar that exists already. `write` skips nothing; the caller
            asks `leaves_out` which photos to skip.
        caption_text: How captions are formatted.
    """

    def __init__(
        self,
        files: Iterable[str | Path],
        existing: Existing = "overwrite",
        caption_text: CaptionText | None = None,
    ) -> None:
        super().__init__()
        self._existing = existing
        self._text = caption_text or CaptionText()
        self._coming: dict[str, list[str]] = {}
        for file in map(Path, files):
            self._coming.setdefault(str(file.parent), []).append(file.name)
        self._shared: dict[str, frozenset[str]] = {}
        self._lock = Lock()

    def write(self, record: Record) -> None:
        """Write one caption; a failed file gets no sidecar."""
        if record.caption is None:
            return
        # The target of a link is written, so that the link stays.
        path = Path(os.path.realpath(self.path(record.file)))
        with output_errors(path):
            if path.exists() and not path.is_file():
                raise OutputError(
                    f"{path}: a folder, pipe or device lies where the sidecar belongs"
                )
            text = self._text(record)
            if self._existing in ("append", "prepend") and path.exists():
                content = _lengthened(path, text, self._existing)
            else:
                content = encoded(f"{text}\n")
            with replacing(path) as part:
                part.write_bytes(content)

    def check(self) -> None:
        """Check that at least one folder is writable; in other folders, each photo fails.

        Raises:
            UsageError: No folder is writable.
        """
        folders = [folder for folder in self._coming if os.path.isdir(folder)]  # noqa: PTH112 (names may be too long)
        if folders and not any(map(may_be_written, folders)):
            raise UsageError(f"{folders[0]}: no sidecars can be written there (Permission denied)")

    def leaves_out(self, file: str | Path) -> bool:
        """Tell whether a photo is to be skipped because its sidecar exists."""
        try:
            return self._existing == "skip" and self.path(file).is_file()
        except (OutputError, OSError):  # no folder there, or a name that is too long
            return False

    def _finish(self) -> None:
        """Do nothing, since each sidecar is complete already."""

    def path(self, file: str | Path) -> Path:
        """Return the sidecar's path."""
        file = Path(file)
        with self._lock:
            shared = (
                file.stem.casefold() in self._shared_in(str(file.parent))
                or file.suffix.lower() == ".txt"
            )
        return file.with_name(f"{file.name}.txt") if shared else file.with_suffix(".txt")

    def _shared_in(self, folder: str) -> frozenset[str]:
        """Return the names that several photos claim, by their stems or by their whole names."""
        if folder not in self._shared:
            names = set(self._coming.pop(folder, ()))
            with output_errors(folder), os.scandir(folder) as entries:
                names.update(entry.name for entry in entries if is_photo_name(entry.name))
            claimed: set[str] = set()
            shared: set[str] = set()
            for name in names:
                # On a disk that ignores case, A.jpg and a.png would share a sidecar. A photo whose
                # stem equals its name claims it once. `a.jpg.png` must not take `a.jpg.txt` from
                # `a.jpg`.
                for claim in {Path(name).stem.casefold(), name.casefold()}:
                    (shared if claim in claimed else claimed).add(claim)
            self._shared[folder] = frozenset(shared)
        return self._shared[folder]


def _lengthened(path: Path, text: str, existing: Existing) -> bytes:
    """Return a sidecar's content with the text added, in the sidecar's encoding and line ends.

    Without a byte-order mark it is UTF-8, or an older encoding, whose bytes are kept unchanged.
    """
    content = path.read_bytes()
    mark = mark_of(content)
    encoding = MARKS.get(mark, "utf-8")
    escapes = "surrogateescape" if encoding == "utf-8" else "surrogatepass"
    if not mark and b"\0" in content:
        raise OutputError(
            f"{path}: nothing can be added to it: zero bytes are in it, as in UTF-16, but no mark"
        )
    try:
        old = content.removeprefix(mark).decode(encoding, escapes)
    except UnicodeDecodeError as error:
        raise OutputError(
            f"{path}: nothing can be added to it: a broken text in {encoding}"
        ) from error
    end = "\r\n" if "\r\n" in old else "\n"
    joined = _joined(old.strip(BLANKS), text, existing) + end
    return mark + (encoded(joined) if encoding == "utf-8" else joined.encode(encoding, escapes))


def _joined(old: str, new: str, existing: Existing) -> str:
    """Join the old and the new text; a text that already stands in its place is not added again."""
    if not old or old == new:
        return new
    if existing == "append":
        return old if old.endswith(SEPARATOR + new) else old + SEPARATOR + new
    return old if old.startswith(new + SEPARATOR) else new + SEPARATOR + old
