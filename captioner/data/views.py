"""The views of a photo or clip that an epoch chooses from: mirrored or not, whole or cropped."""

import zlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class View:
    """One view of a photo.

    Attributes:
        mirrored: Whether left and right are swapped.
        crop: Number of a random crop; 0 is the whole photo.
    """

    mirrored: bool = False
    crop: int = 0

    def crop_seed(self, photo: Path) -> int | None:
        """Return the seed of the crop of this photo, from its name; None for the whole photo."""
        return zlib.crc32(f"{photo.name}/{self.crop}".encode()) if self.crop else None


def views_of(flips: bool, crops: int) -> tuple[View, ...]:
    """List the views: the whole photo first, then crops, and each also mirrored with `flips`."""
    mirrors = (False, True) if flips else (False,)
    return tuple(View(mirrored, crop) for crop in range(crops + 1) for mirrored in mirrors)
