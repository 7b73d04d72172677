"""How much more memory a run over many links to photos takes than one over few.

    python benchmarks/folder_memory.py PHOTOS [--counts 1000 100000]

Each count has a process of its own, which finds the links, reads and fits each photo, and writes
JSONL and sidecars, as `captioner caption` does; but the model's answer is made up, as it would take
hours and keeps nothing between batches.
"""

import argparse
import itertools
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from captioner.batch import Destinations, Run, caption_batches, find_photos
from captioner.config import ImageConfig, SearchConfig
from captioner.outputs import SidecarWriter
from captioner.pipeline import Candidate, CaptionResult
from captioner.preprocess.image import ImagePreprocessor, Pixels

CONFIG = ImageConfig(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))


class MadeUp:
    """A captioner that sees a dog in every photo."""

    name = "made up"
    num_streams = 2
    preprocess = ImagePreprocessor(CONFIG)

    def caption_images(self, images: Sequence[Pixels], search: SearchConfig) -> list[CaptionResult]:
        """Answer at once."""
        attention = np.full((11, 7, 7), 1 / 49, np.float32)
        words = ("a", "dog", "runs", "through", "the", "grass", "with", "a", "ball", "in", "its")
        candidate = Candidate(" ".join(words), -9.0, words, (-0.8,) * 11, attention)
        return [CaptionResult((candidate,)) for _ in images]


def run(folder: Path) -> None:
    """Caption a folder, and print this process's greatest resident memory in MB."""
    files = find_photos([folder / "photos"]).on_disk
    captioner = MadeUp()
    Run(files, Destinations([folder / "captions.jsonl"], SidecarWriter(files))).execute(
        lambda todo, stop: caption_batches(captioner, todo, SearchConfig(), 32, stop),
        {"model": captioner.name},
    )
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path)
    parser.add_argument("--counts", type=int, nargs="+", default=[1_000, 100_000])
    parser.add_argument("--run", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        run(arguments.photos)
        return
    photos = find_photos([arguments.photos.resolve()]).on_disk
    memory = []
    for count in arguments.counts:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "photos").mkdir()
            for number, photo in zip(range(count), itertools.cycle(photos)):
                (Path(folder) / "photos" / f"{number:08d}{photo.suffix}").symlink_to(photo)
            command = [sys.executable, __file__, folder, "--run"]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
        memory.append(float(done.stdout))
        print(
            f"{count:>8,} photos: {memory[-1]:7.1f} MB at most, {memory[-1] - memory[0]:+.1f} MB",
            flush=True,
        )


if __name__ == "__main__":
    main()
