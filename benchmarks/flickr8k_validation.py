"""How well and how fast the model that ships captions Flickr8k's validation photos, beside people's own captions.

    python benchmarks/flickr8k_validation.py DIR [--photos N]

DIR holds `images/`, `captions.txt` and `val.txt`. Prints a table: greedy search, beam 3 and beam 5, each with all five
references, and one human caption (the first) against the other four. Photos a second include reading, encoding
and searching; loading the model is told apart.
"""

import argparse
import platform
import time
from pathlib import Path

import torch

from captioner.evaluation.captions import evaluate, read_examples
from captioner.metrics import Report, score
from captioner.metrics.diversity import measure_diversity
from captioner.metrics.significance import confidence_intervals
from captioner.pipeline import load_captioner


def row(name: str, report: Report, seconds: float | None) -> str:
    """Return a line of the table."""
    scores = "  ".join(f"{value:6.2f}" for value in report.scores.values())
    rate = f"{report.num_items / seconds:8.1f}" if seconds else "       -"
    return f"{name:16} {scores} {rate}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--photos", type=int, default=1000)
    parser.add_argument("--model", default="everyday")
    arguments = parser.parse_args()

    start = time.perf_counter()
    model = load_captioner(arguments.model, device="cpu")
    loaded_s = time.perf_counter() - start
    data = arguments.data
    examples = read_examples(data / "images", data / "captions.txt", str(data / "val.txt"))[: arguments.photos]
    first = {example.image_id: example.captions[0] for example in examples}
    people = score(first, {example.image_id: example.captions[1:] for example in examples})

    machine = f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    print(f"{machine}; loaded in {loaded_s:.1f} s")
    print(f"{'':16} {'  '.join(f'{name:>6}' for name in people.scores)} photos/s")
    for beam_size in (1, 3, 5):
        start = time.perf_counter()
        report, captions = evaluate(model, examples, model.options(beam_size=beam_size), batch_size=16)
        print(row(f"beam {beam_size}", report, time.perf_counter() - start), flush=True)
    print(row("a person", people, None))
    intervals = confidence_intervals(report)
    told = ", ".join(f"{name} {intervals[name].low:.1f} to {intervals[name].high:.1f}" for name in ("BLEU-4", "CIDEr"))
    print(f"beam {beam_size}, 95 % intervals: {told}")
    diversity = measure_diversity(list(captions.values()))
    print(f"beam {beam_size}: {diversity.vocabulary_size} different words, {diversity.mean_length:.1f} a caption")
    print(f"{report.num_items} photos, {report.signature}; a person: {people.signature}")


if __name__ == "__main__":
    main()
