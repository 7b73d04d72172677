"""How long commands take that have next to nothing to do.

What a user waits for beside the work itself.

    python benchmarks/command_startup.py [--repeats 5]

Each run is a process of its own; the engine `onnx` runs graphs that were exported before.
"""

import argparse
import os
import platform
import statistics
import subprocess
import time

import torch

from captioner.pretrained.samples import sample_photos

PHOTO = str(sample_photos()[0])
COMMANDS = {
    "help": ["--help"],
    "one photo, torch": ["caption", PHOTO, "--engine", "torch"],
    "one photo, onnx": ["caption", PHOTO, "--engine", "onnx"],
    "one sentence": ["translate", "Two dogs run over the grass."],
}


def seconds(command: list[str]) -> float:
    """Run a command and return how long it took."""
    start = time.perf_counter()
    subprocess.run(["captioner", *command], check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}, median of"
        f" {repeats}"
    )
    for name, command in COMMANDS.items():
        seconds(command)  # exports what is missing, and fills the system's file cache
        print(
            f"{name:<18} {statistics.median(seconds(command) for _ in range(repeats)):5.1f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
