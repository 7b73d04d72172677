"""Captions as text files beside the photos, as training tools for image generators read them."""

from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from PIL import Image

from captioner.outputs.disk import output_errors
from captioner.outputs.record import Record
from captioner.outputs.writer import Writer


class SidecarWriter(Writer):
    """Writes `photo.txt` beside `photo.jpg`, or `photo.jpg.txt` where another photo there has the same stem.

    Which of the two is decided by what lies in the folder, so that it does not depend on which photo comes first.

    Args:
        files: The photos to come; they count as photos whatever they are called.
    """

    def __init__(self, files: Iterable[str | Path]) -> None:
        self._coming: dict[Path, set[str]] = {}
        for file in map(Path, files):
            self._coming.setdefault(file.parent, set()).add(file.name)
        self._stems: dict[Path, Counter[str]] = {}

    def write(self, record: Record) -> None:
        """Write one caption; a failed file gets no sidecar."""
        if record.caption is not None:
            path = self.path(record.file)
            with output_errors(path):
                path.write_text(f"{record.caption}\n", encoding="utf-8", newline="")

    def close(self) -> None:
        """Do nothing: each sidecar is whole."""

    def path(self, file: str | Path) -> Path:
        """Return the sidecar's path."""
        file = Path(file)
        # The stem counts once for the photo itself; `a.jpg.png` may not take `a.jpg.txt` from `a.jpg` either.
        shared = self._stems_in(file.parent)[file.stem.casefold()] > 1 or file.suffix.lower() == ".txt"
        return file.with_name(f"{file.name}.txt") if shared else file.with_suffix(".txt")

    def _stems_in(self, folder: Path) -> Counter[str]:
        """Count the photos that claim each stem, by their stem or by their whole name."""
        if folder not in self._stems:
            names = self._coming.get(folder, set())
            with output_errors(folder):
                names = names | {path.name for path in folder.iterdir() if path.suffix.lower() in _photo_suffixes()}
            # Where case makes no difference to the disk, A.jpg and a.png would share a sidecar.
            claims = (claim for name in names for claim in {Path(name).stem.casefold(), name.casefold()})
            self._stems[folder] = Counter(claims)
        return self._stems[folder]


@cache
def _photo_suffixes() -> frozenset[str]:
    return frozenset(Image.registered_extensions()) | {".avif", ".heic", ".heif"}
