"""What ONNX Runtime and OpenVINO gain over eager torch, and what a batch gains in the beam search.

The same captions all the time, but where OpenVINO computes in bfloat16.

    python benchmarks/engine_speed.py PHOTOS [--photos 256] [--beam-size 3] [--rounds 3]
    [--engines torch onnx openvino] [--int8 DIR]

Engines take turns, round by round, so that other work on the machine meets all of them; each one's
best round counts. Exporting, or loading an export from the cache, is told apart. DIR is a folder
that `captioner export --to onnx-int8` made; its captions may differ.
"""

import argparse
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from captioner.allocator import keep_freed_memory
from captioner.batch import caption_files, find_photos
from captioner.modules.memory import Memory
from captioner.pipeline import Captioner, load_captioner

BATCH = 16
READY = 64  # photos whose tensors, then memories, are made before what is timed


def best_s(
    runs: Mapping[str, Callable[[], Any]], rounds: int
) -> tuple[dict[str, float], dict[str, Any]]:
    """Return the least seconds of each run, and what it returned; they take turns."""
    seconds, results = dict.fromkeys(runs, float("inf")), {}
    for _ in range(rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            results[name] = run()
            seconds[name] = min(seconds[name], time.perf_counter() - start)
    return seconds, results


def caption(captioner: Captioner, files: Sequence[Path], beam_size: int) -> list[str | None]:
    """Run files to captions."""
    done = caption_files(captioner, files, captioner.options(beam_size=beam_size))
    return [one.record.caption for one in done]


def encode(captioner: Captioner, batches: Sequence[NDArray[Any]]) -> None:
    """Run the encoder alone over tensors that are ready."""
    with torch.inference_mode():
        for pixels in batches:
            captioner.model.encode(pixels)


def search(
    captioner: Captioner, memories: Sequence[Memory], beam_size: int
) -> list[tuple[int, ...]]:
    """Run the beam search alone over given memories; return the best text of each photo."""
    options = captioner.options(beam_size=beam_size)
    with torch.inference_mode():
        found = [captioner.model.search(memory, options) for memory in memories]
    return [hypotheses[0].token_ids for batch in found for hypotheses in batch]


def table(title: str, count: int, seconds: Mapping[str, float]) -> None:
    """Print rates, and their ratio to the first one."""
    first = next(iter(seconds.values()))
    print(title)
    for name, value in seconds.items():
        print(f"  {name:24} {count / value:8.1f} photos/s {first / value:6.2f} x", flush=True)


def compare_runs(
    engines: Mapping[str, Captioner], files: Sequence[Path], beam_size: int, rounds: int
) -> None:
    """Measure files to captions."""
    runs = {name: partial(caption, one, files, beam_size) for name, one in engines.items()}
    seconds, captions = best_s(runs, rounds)
    table(f"files to captions, beam {beam_size}", len(files), seconds)
    first, *others = engines
    for name in others:
        same = sum(one == other for one, other in zip(captions[first], captions[name], strict=True))
        print(f"  {same} of {len(files)} captions of {name} are those of {first} to the letter")


def compare_searches(
    name: str, captioner: Captioner, pixels: NDArray[Any], beam_size: int, rounds: int
) -> None:
    """Measure the beam search of one engine.

    A batch against single photos, and five beams against one.
    """
    with torch.inference_mode():
        singles = [captioner.model.encode(one[None]) for one in pixels]
        batch = [captioner.model.encode(pixels)]
    runs = {
        "one photo at a time": partial(search, captioner, singles, beam_size),
        f"a batch of {len(pixels)}": partial(search, captioner, batch, beam_size),
    }
    seconds, texts = best_s(runs, rounds)
    table(f"beam search alone, {name}, beam {beam_size}", len(pixels), seconds)
    print(f"  {sum(map(tuple.__eq__, *texts.values()))} of {len(pixels)} texts are the same")
    seconds, _ = best_s(
        {f"beam {size}": partial(search, captioner, batch, size) for size in (1, 5)}, rounds
    )
    table(f"beam search alone, {name}, a batch of {len(pixels)}", len(pixels), seconds)
    print(f"  beam 5 takes {seconds['beam 5'] / seconds['beam 1']:.2f} times as long as beam 1")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", type=Path, metavar="PHOTOS")
    parser.add_argument("--photos", type=int, default=256)
    parser.add_argument("--beam-size", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--model", default="everyday")
    parser.add_argument("--engines", nargs="+", default=["torch", "onnx", "openvino"])
    parser.add_argument("--int8", type=Path)
    arguments = parser.parse_args()
    keep_freed_memory()  # as the command line does
    beam_size, rounds = arguments.beam_size, arguments.rounds

    files = find_photos([arguments.paths]).on_disk[: arguments.photos]
    start = time.perf_counter()
    engines = {name: load_captioner(arguments.model, "cpu", name) for name in arguments.engines}
    loaded_s = time.perf_counter() - start
    if arguments.int8:
        engines["onnx-int8"] = load_captioner(arguments.int8, "cpu", "onnx")
    print(f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    print(
        f"{len(files)} photos, best of {rounds} rounds; all were loaded, exported or found in the"
        f" cache, in {loaded_s:.1f} s"
    )
    compare_runs(engines, files, beam_size, rounds)

    preprocess = engines[arguments.engines[0]].preprocess
    pixels = np.stack([preprocess(preprocess.read(file)) for file in files[:READY]])
    parts = [pixels[first : first + BATCH] for first in range(0, len(pixels), BATCH)]
    seconds, _ = best_s(
        {name: partial(encode, one, parts) for name, one in engines.items()},
        rounds,
    )
    table(f"encoder alone, batches of {BATCH}", len(pixels), seconds)
    for name in arguments.engines:
        compare_searches(name, engines[name], pixels, beam_size, rounds)


if __name__ == "__main__":
    main()
