"""How many photos' features a second are read from the feature cache, cold and warm.

    python benchmarks/feature_cache_reading.py FOLDER [--photos 25600] [--batch 25] [--batches 200]

FOLDER gets a cache of so many photos of 7 x 7 x 1280, of random bytes: 1.6 GB for 25,600. Batches
are of random photos, as in training. Before the cold ones, the system is told to let go of the
files it holds in memory. Training reads one batch ahead, in a thread.
"""

import argparse
import os
import platform
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from captioner.data.feature_cache import FeatureCache
from captioner.data.views import View

SHAPE = (7, 7, 1280)


def build(folder: Path, num_photos: int) -> FeatureCache:
    """Make a cache of random features; the photos are empty files."""
    (folder / "photos").mkdir(parents=True, exist_ok=True)
    photos = [folder / "photos" / f"{number:06d}.jpg" for number in range(num_photos)]
    for photo in photos:
        photo.touch()
    cache = FeatureCache(folder / "features", photos, [View()], "random", 16)
    generator = torch.Generator().manual_seed(0)

    def read(photo: Path, views: Sequence[View]) -> Tensor:
        return torch.zeros(len(views), 1)

    def extract(pixels: Float[Tensor, "batch pixels"]) -> Float[Tensor, "batch height width dim"]:
        return torch.rand(len(pixels), *SHAPE, generator=generator)

    cache.build(read, extract)
    return cache


def forget(folder: Path) -> None:
    """Ask the system to drop what it holds of the files in memory."""
    for file in folder.iterdir():
        with file.open("rb") as opened:
            os.fsync(opened.fileno())
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=int, default=25_600)
    parser.add_argument("--batch", type=int, default=25)
    parser.add_argument("--batches", type=int, default=200)
    given = parser.parse_args()
    build(given.folder, given.photos)
    forget(given.folder / "features")
    # Opened anew, so that no map of a file holds its pages.
    cache = build(given.folder, given.photos)
    rng = np.random.default_rng(0)
    batches = rng.integers(given.photos, size=(given.batches, given.batch))
    threads = f"{torch.get_num_threads()} threads, torch {torch.__version__}"
    print(f"{platform.machine()}, {threads}; {given.photos:,} photos, batches of {given.batch}")
    for name in ("cold", "warm"):
        start = time.perf_counter()
        for batch in batches:
            cache.read(batch.tolist(), [0] * given.batch)
        rate = batches.size / (time.perf_counter() - start)
        print(
            f"{name}: {rate:,.0f} photos a second, {rate * np.prod(SHAPE) / 1e6:,.0f} MB a second"
        )


if __name__ == "__main__":
    main()
