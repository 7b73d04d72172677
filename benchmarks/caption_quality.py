"""How well and how fast a captioner captions a set of photos, beside people's own captions of them.

    python benchmarks/caption_quality.py IMAGES REFERENCES [--split FILE] [--texts FILE ...]
    [--photos N]

Prints a table: greedy search, beam 3 and beam 5, each with all references, and one human caption
(the first) against the others. Photos a second include reading, encoding and searching; loading the
model is told apart. Below it stand the numbers that scores hide: words a caption, different words,
captions that name objects that no reference names (CHAIRs), and, with texts that people wrote,
captions in which something does what nothing of its name does there (odd pairs).
"""

import argparse
import platform
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from captioner.data.examples import CaptionExample
from captioner.evaluation.captions import evaluate, read_examples
from captioner.metrics import Report, score
from captioner.metrics.diversity import measure_diversity
from captioner.metrics.hallucination import count_hallucinations
from captioner.metrics.odd_pairs import UsualPairs
from captioner.metrics.significance import confidence_intervals
from captioner.pipeline import load_captioner
from captioner.training.dataset import read_texts


def row(name: str, report: Report, seconds: float | None) -> str:
    """Return a line of the table."""
    scores = "  ".join(f"{value:6.2f}" for value in report.scores.values())
    rate = f"{report.num_items / seconds:8.1f}" if seconds else "       -"
    return f"{name:16} {scores} {rate}"


def describe(
    name: str,
    captions: Mapping[int | str, str],
    references: Sequence[Sequence[str]],
    usual: UsualPairs | None,
) -> str:
    """Return what scores hide of one caption a photo."""
    texts = list(captions.values())
    diversity = measure_diversity(texts)
    told = (
        f"{diversity.mean_length:.1f} words a caption, {diversity.vocabulary_size} different"
        " words, "
    )
    told += f"CHAIRs {100 * count_hallucinations(texts, references).chair_s:.1f} %"
    return f"{name}: {told}" + (f", odd pairs {100 * usual.fraction(texts):.1f} %" if usual else "")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("images", type=Path)
    parser.add_argument("references", type=Path)
    parser.add_argument("--split", help="a file that lists the photos, or the name of a split")
    parser.add_argument(
        "--texts", type=Path, nargs="*", default=[], help="captions by people, one a line"
    )
    parser.add_argument("--photos", type=int)
    parser.add_argument("--model", default="everyday")
    arguments = parser.parse_args()

    start = time.perf_counter()
    model = load_captioner(arguments.model, device="cpu")
    loaded_s = time.perf_counter() - start
    read = read_examples(arguments.images, arguments.references, arguments.split)
    examples: list[CaptionExample] = read[: arguments.photos]
    first = {example.image_id: example.captions[0] for example in examples}
    others = {example.image_id: example.captions[1:] for example in examples}
    people = score(first, others)
    usual = (
        UsualPairs(text for file in arguments.texts for text in read_texts(file))
        if arguments.texts
        else None
    )

    machine = f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    print(f"{machine}; loaded in {loaded_s:.1f} s")
    print(f"{'':16} {'  '.join(f'{name:>6}' for name in people.scores)} photos/s")
    for beam_size in (1, 3, 5):
        start = time.perf_counter()
        report, captions = evaluate(
            model, examples, model.options(beam_size=beam_size), batch_size=16
        )
        print(row(f"beam {beam_size}", report, time.perf_counter() - start), flush=True)
    print(row("a person", people, None))
    intervals = confidence_intervals(report)
    told = ", ".join(
        f"{name} {intervals[name].low:.1f} to {intervals[name].high:.1f}"
        for name in ("BLEU-4", "CIDEr")
    )
    print(f"beam {beam_size}, 95 % intervals: {told}")
    print(
        describe(f"beam {beam_size}", captions, [example.captions for example in examples], usual)
    )
    print(describe("a person", first, list(others.values()), usual))
    print(f"{report.num_items} photos, {report.signature}; a person: {people.signature}")


if __name__ == "__main__":
    main()
