"""How much of the encoder's own rate is left from files to captions, and where the rest goes.

    python benchmarks/folder_throughput.py PHOTOS [--counts 100 1000 7000] [--beam-size 3]

The encoder's rate is that of its forward pass on tensors that are ready, with the same threads:
once one batch at a time, shared out among all threads, as one would call it, and once as a folder
run does it, a batch for each thread. It is measured before and after each run over files, so that
other work on the machine meets both.
"""

import argparse
import platform
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from captioner.allocator import keep_freed_memory
from captioner.batch import caption_files, find_photos
from captioner.config import SearchConfig
from captioner.pipeline import Captioner
from captioner.pipeline.loading import load_captioner

BATCH = 32  # photos, where the encoder's rate is measured


def encode(captioner: Captioner, pixels: NDArray[Any]) -> None:
    """Run the encoder alone."""
    with torch.inference_mode():
        captioner.model.encode(pixels)


def encoder_rate(captioner: Captioner, batches: Sequence[NDArray[Any]], streams: int) -> float:
    """Return photos a second of the forward pass, with so many batches side by side."""
    threads = torch.get_num_threads()
    start = time.perf_counter()
    share = partial(torch.set_num_threads, threads // streams)
    with ThreadPoolExecutor(streams, initializer=share) as pool:
        list(pool.map(partial(encode, captioner), batches))
    seconds = time.perf_counter() - start
    torch.set_num_threads(threads)
    return sum(map(len, batches)) / seconds


def folder_rate(captioner: Captioner, files: Sequence[Path], search: SearchConfig) -> float:
    """Return photos a second from files to captions."""
    start = time.perf_counter()
    num_done = sum(1 for _ in caption_files(captioner, files, search))
    return num_done / (time.perf_counter() - start)


def split(captioner: Captioner, files: Sequence[Path], search: SearchConfig) -> dict[str, float]:
    """Return milliseconds a photo of each part, on one thread, one after the other."""
    threads, seconds = (
        torch.get_num_threads(),
        dict.fromkeys(("read", "fit", "encode", "search"), 0.0),
    )
    torch.set_num_threads(1)
    for first in range(0, len(files), BATCH):
        moments = [time.perf_counter()]
        images = [captioner.preprocess.read(file) for file in files[first : first + BATCH]]
        moments.append(time.perf_counter())
        pixels = np.stack([captioner.preprocess(image) for image in images])
        moments.append(time.perf_counter())
        with torch.inference_mode():
            memory = captioner.model.encode(pixels)
            moments.append(time.perf_counter())
            captioner.model.search(memory, search)
        moments.append(time.perf_counter())
        for part, (begin, end) in zip(seconds, pairwise(moments), strict=True):
            seconds[part] += end - begin
    torch.set_num_threads(threads)
    return {part: 1000 * total / len(files) for part, total in seconds.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path)
    parser.add_argument("--counts", type=int, nargs="+", default=[100, 1000, 7000])
    parser.add_argument("--model", default="everyday")
    parser.add_argument("--engine", default="torch")
    parser.add_argument("--beam-size", type=int, default=3)
    arguments = parser.parse_args()
    keep_freed_memory()  # as the command line does
    captioner = load_captioner(arguments.model, "cpu", arguments.engine)
    search = captioner.options(beam_size=arguments.beam_size)
    files = find_photos([arguments.photos]).on_disk
    some = files[: 4 * BATCH]
    images = [captioner.preprocess(captioner.preprocess.read(file)) for file in some]
    batches = [np.stack(images[first : first + BATCH]) for first in range(0, len(images), BATCH)]
    encode(captioner, batches[0])

    encodings = {
        1: "one batch on all threads",
        captioner.num_streams: f"{captioner.num_streams} batches side by side",
    }
    rates: dict[int, list[float]] = {streams: [] for streams in encodings}
    whole = {}
    print(
        f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}, beam"
        f" {search.beam_size}"
    )
    for count in [0, *arguments.counts]:
        if count:
            whole[count] = folder_rate(captioner, files[:count], search)
            print(
                f"{min(count, len(files)):>6} files to captions   {whole[count]:6.1f} photos a"
                " second",
                flush=True,
            )
        for streams, measured in rates.items():
            measured.append(encoder_rate(captioner, batches, streams))
    for streams, name in encodings.items():
        rate = median(rates[streams])
        shares = ", ".join(f"{value / rate:.2f}" for value in whole.values())
        print(
            f"encoder, {name}: {rate:.1f} photos a second, of which files to captions reach"
            f" {shares}"
        )
    parts = split(captioner, some, search)
    print(
        "one thread, ms a photo: "
        + ", ".join(f"{part} {value:.1f}" for part, value in parts.items())
    )


if __name__ == "__main__":
    main()
