"""How long a run on all of COCO takes to its first update, and whether its memory stays flat.

    python benchmarks/coco_stand_in.py DIR --photos FOLDER --texts FILE...
    python benchmarks/coco_training.py DIR RUN [--updates 1000]
    python benchmarks/coco_training.py DIR RUN --resume

The trainer is the one that users run, but for three things: photos are not decoded (all features
are zero, so that the cache is filled in minutes), the decoder is tiny, and no words are detected.
The run is killed behind the last update, in the middle of its epoch; with `--resume` it goes on.
Time counts from behind the imports.
"""

import argparse
import os
import resource
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from captioner.config import CONFIGS, load_config
from captioner.preprocess.image import ImagePreprocessor
from captioner.training.trainer import Trainer

SIDE = 32
EVERY = 100  # updates between two lines


def undecoded(
    _: ImagePreprocessor, photo: Path, views: Sequence[tuple[bool, int | None]]
) -> Float32[np.ndarray, "views 3 height width"]:
    """Return black photos in the place of what is in the file."""
    return np.zeros((len(views), 3, SIDE, SIDE), np.float32)


class Killed(Trainer):
    """A run that ends behind some updates, without a word."""

    started_s = 0.0
    num_updates = 0
    most = 1

    def _note(self) -> str:
        """Say how far it is, and end it; the trainer asks for its note behind each update."""
        self.num_updates += 1
        if self.num_updates == 1:
            print(
                f"first update after {time.perf_counter() - self.started_s:.1f} s of time", end=", "
            )
            print(
                f"{time.process_time():.1f} s of a processor: update {self.state.update}",
                flush=True,
            )
        if self.num_updates % EVERY == 0:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            now = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
            print(
                f"{self.num_updates} updates: {now:.0f} MiB resident, {peak:.0f} at most",
                flush=True,
            )
        if self.num_updates == self.most:
            self._checkpoint()
            os._exit(0)
        return super()._note()


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("coco", type=Path, metavar="DIR")
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument("--updates", type=int, default=1)
    parser.add_argument("--resume", action="store_true")
    options = parser.parse_args()
    ImagePreprocessor.views = undecoded  # type: ignore[method-assign, assignment]
    changes: dict[str, dict[str, Any]] = {
        "data": {"images": str(options.coco), "captions": str(options.coco / "dataset_coco.json")},
        "image": {"height": SIDE, "width": SIDE},
        "encoder": {"backbone": "test_resnet", "weights": "none", "dim": 16, "concepts": 0},
        "decoder": {"embedding_dim": 16, "hidden_dim": 16},
        "training": {"output": str(options.run), "batch_size": 100, "average_last": 1},
    }
    assignments = [
        f"{section}.{key}={value}"
        for section, fields in changes.items()
        for key, value in fields.items()
    ]
    Killed.started_s, Killed.most = time.perf_counter(), options.updates
    config = load_config(CONFIGS / "coco.toml", assignments)
    Killed(config, options.resume).run()


if __name__ == "__main__":
    main()
