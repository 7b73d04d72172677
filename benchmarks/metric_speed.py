"""Compares the time and memory that scoring takes here and in coco-caption.

Each side is a process of its own.

    python benchmarks/metric_speed.py --captions captions.txt [--images 5000] [--ours-only]

Each image's first caption is scored against its others; where there are fewer images than asked
for, they are taken again under new names. Needs Java and pycocoevalcap (`pip install
pycocoevalcap`), but for `--ours-only`.
"""

import argparse
import csv
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

OURS = """
import json, sys
from captioner.metrics import score
hypotheses, references = json.load(open(sys.argv[1], encoding="utf-8"))
print(json.dumps(score(hypotheses, references).scores))
"""

THEIRS = """
import json, sys
from pycocoevalcap.bleu.bleu import Bleu
from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.rouge.rouge import Rouge
from pycocoevalcap.tokenizer.ptbtokenizer import PTBTokenizer
hypotheses, references = json.load(open(sys.argv[1], encoding="utf-8"))
tokenizer = PTBTokenizer()
wanted = tokenizer.tokenize({k: [{"caption": text} for text in v] for k, v in references.items()})
given = tokenizer.tokenize({k: [{"caption": v}] for k, v in hypotheses.items()})
bleu = Bleu(4).compute_score(wanted, given, verbose=0)[0]
scores = {f"BLEU-{n + 1}": 100 * score for n, score in enumerate(bleu)}
scores["ROUGE-L"] = 100 * Rouge().compute_score(wanted, given)[0]
scores["CIDEr"] = 100 * Cider().compute_score(wanted, given)[0]
print(json.dumps(scores))
"""


def write_corpus(captions: Path, num_images: int, target: Path) -> None:
    """Write hypotheses and references of so many images as JSON."""
    texts: dict[str, list[str]] = defaultdict(list)
    with captions.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            texts[row["image"]].append(row["caption"])
    taken = {
        f"{i}": v for i, v in zip(range(num_images), itertools.cycle(texts.values()), strict=False)
    }
    corpus = [{k: v[0] for k, v in taken.items()}, {k: v[1:] for k, v in taken.items()}]
    target.write_text(json.dumps(corpus), encoding="utf-8")


def measure(program: str, corpus: Path) -> tuple[float, float, dict[str, float]]:
    """Run a program on the corpus.

    Seconds from start to exit, peak memory in MiB, what it printed.
    """
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(corpus)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"scoring failed with exit status {process.returncode}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024, json.loads(printed)


def main() -> None:
    """Print time, memory and scores of both."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--captions", type=Path, required=True)
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--ours-only", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder) / "corpus.json"
        write_corpus(options.captions, options.images, corpus)
        sides = (
            {"captioner": OURS}
            if options.ours_only
            else {"captioner": OURS, "coco-caption": THEIRS}
        )
        seconds = {}
        for name, program in sides.items():
            seconds[name], memory, scores = measure(program, corpus)
            rounded = " ".join(f"{metric} {value:.2f}" for metric, value in scores.items())
            print(f"{name}: {seconds[name]:.2f} s, {memory:.0f} MiB, {rounded}")
    if not options.ours_only:
        print(
            f"{seconds['coco-caption'] / seconds['captioner']:.1f} times faster on {options.images}"
            " images"
        )


if __name__ == "__main__":
    main()
