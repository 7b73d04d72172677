"""Where the time of a caption goes, as stacked bars: from the file to the written line.

    python benchmarks/time_by_part.py PHOTOS [--photos 128] [--beams 1 3 5]
        [--engines torch onnx] [--output time_by_part.png]

All runs on one thread, and what is counted are the seconds of this thread, so that other work on
the machine matters little. The search's own seconds are measured without the profiler; how its
operations share them is what torch's profiler tells of a second search of the same photos, and
what no operation has is Python.
"""

import argparse
import os
import platform
import re
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch.profiler import ProfilerActivity, profile, record_function

from captioner.allocator import keep_freed_memory
from captioner.batch import find_photos
from captioner.config import SearchConfig
from captioner.modules.memory import Memory
from captioner.outputs import open_writer
from captioner.outputs.record import Candidate, Record
from captioner.pipeline import Captioner, load_captioner
from captioner.pipeline.inputs import batches

BATCH = 32
GRAPH = "graph"  # what the profiler calls a decoder's step that ONNX Runtime does
KINDS = {
    "search: decoder's products": re.compile(rf"^{GRAPH}$|mm$|linear|lstm|gru|matmul|conv|mkldnn"),
    "search: softmax and ranking": re.compile(r"softmax|topk|sort|max$|logsumexp|argmax"),
    "search: moving and masking": re.compile(r"^aten::"),  # whatever else torch does
}
PYTHON = "search: Python and numpy"
PARTS = ("decode", "resize", "encoder", *KINDS, PYTHON, "text", "writing")


class Clock:
    """Adds up this thread's milliseconds by part."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = defaultdict(float)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count what the block takes."""
        start = time.thread_time()
        yield
        self.ms[name] += 1000 * (time.thread_time() - start)


def search_shares(captioner: Captioner, memory: Memory, search: SearchConfig) -> dict[str, float]:
    """Return which share each kind of operation has of a search."""
    decoder: Any = captioner.model.decoder
    step = decoder.step

    def named_step(*values: Any) -> Any:
        with record_function(GRAPH):
            return step(*values)

    shares: dict[str, float] = defaultdict(float)
    with profile(activities=[ProfilerActivity.CPU]) as profiler, torch.inference_mode():
        start = time.perf_counter()  # the profiler's clock
        decoder.step = named_step
        try:
            captioner.model.search(memory, search)
        finally:
            del decoder.step
        whole_us = 1e6 * (time.perf_counter() - start)
    is_onnx = not hasattr(captioner.model, "encoder")
    for event in profiler.key_averages():
        if (
            event.key == GRAPH and not is_onnx
        ):  # its operations are counted each by its kind, and the rest is Python
            continue
        kind = next((kind for kind, name in KINDS.items() if name.search(event.key)), PYTHON)
        shares[kind] += event.self_cpu_time_total / whole_us
    shares[PYTHON] = max(0.0, 1 - sum(shares[kind] for kind in KINDS))
    return dict(shares)


def measure(
    captioner: Captioner, files: Sequence[str | Path], search: SearchConfig, folder: Path
) -> dict[str, float]:
    """Return milliseconds a photo of each part."""
    clock = Clock()
    shares: dict[str, float] = {}
    with open_writer(folder / "captions.jsonl") as writer:
        for batch in batches(files, BATCH):
            with clock.part("decode"):
                images = [captioner.preprocess.read(file) for file in batch]
            with clock.part("resize"):
                pixels = np.stack([captioner.preprocess(image) for image in images])
            with torch.inference_mode():
                with clock.part("encoder"):
                    memory = captioner.model.encode(pixels)
                shares = shares or search_shares(captioner, memory, search)
                with clock.part("search"):
                    found = captioner.model.search(memory, search)
            with clock.part("text"):
                texts = [(captioner.model.decode(one[:1])[0], one[0].log_prob) for one in found]
            with clock.part("writing"):
                for file, (text, log_prob) in zip(batch, texts, strict=True):
                    candidates = (Candidate(text, log_prob),)
                    writer.write(
                        Record(str(file), text, log_prob, candidates, captioner.name, None)
                    )
    searched = clock.ms.pop("search")
    return {name: ms / len(files) for name, ms in clock.ms.items()} | {
        kind: share * searched / len(files) for kind, share in shares.items()
    }


def draw(bars: Mapping[str, Mapping[str, float]], title: str, path: Path) -> None:
    """Draw a bar for each run, its parts one behind the other."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 1.6 + 0.5 * len(bars)), layout="constrained")
    axes = figure.subplots()
    names = list(bars)[::-1]
    left = [0.0] * len(names)
    for part in PARTS:
        widths = [bars[name].get(part, 0.0) for name in names]
        axes.barh(names, widths, left=left, label=part)
        left = [begin + width for begin, width in zip(left, widths, strict=True)]
    for place, end in enumerate(left):
        axes.text(end, place, f" {end:.1f}", va="center")
    axes.set_xlabel("milliseconds a photo, one thread")
    axes.set_title(title, fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    figure.savefig(path, dpi=120)


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", type=Path, metavar="PHOTOS")
    parser.add_argument("--photos", type=int, default=128)
    parser.add_argument("--beams", type=int, nargs="+", default=[1, 3, 5])
    parser.add_argument("--engines", nargs="+", default=["torch", "onnx"])
    parser.add_argument("--model", default="everyday")
    parser.add_argument("--output", type=Path, default=Path("time_by_part.png"))
    arguments = parser.parse_args()
    keep_freed_memory()  # as the command line does
    torch.set_num_threads(1)
    files = find_photos([arguments.paths]).on_disk[: arguments.photos]
    bars = {}
    with TemporaryDirectory() as folder:
        for engine in arguments.engines:
            captioner = load_captioner(arguments.model, "cpu", engine)
            for beam_size in arguments.beams:
                name, search = f"{engine}, beam {beam_size}", captioner.options(beam_size=beam_size)
                measure(captioner, files[:BATCH], search, Path(folder))  # what happens but once
                bars[name] = measure(captioner, files, search, Path(folder))
                told = ", ".join(f"{part} {bars[name].get(part, 0.0):.2f}" for part in PARTS)
                print(f"{name}: {sum(bars[name].values()):.1f} ms a photo: {told}", flush=True)
    machine = f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}"
    draw(bars, f"{len(files)} photos, {arguments.model}; {machine}", arguments.output)


if __name__ == "__main__":
    main()
