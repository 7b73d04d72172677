"""How well a model translates Multi30k, and whether it does better on what it was trained on.

    python benchmarks/multi30k_translation.py DIR [--model multi30k-en-de] [--sentences 1000]

DIR holds SPLIT.SOURCE and SPLIT.TARGET for the splits train, val and test_2016_flickr, one sentence
a line; the model's name ends in its two languages. Validation and test are translated by the
model's own search. Greedy search over the first sentences of train and of validation tells a model
that has not learnt enough from one that has learnt by heart.
"""

import argparse
import platform
from pathlib import Path

import torch

from captioner.evaluation.translations import evaluate_translations, read_test_set
from captioner.pipeline import Translator, load_translator

LEARNT = 400  # sentences of each split in the last two rows


def row(
    translator: Translator, data: Path, split: str, name: str, num: int, beam_size: int | None
) -> str:
    """Return a line of the table."""
    source, target = translator.name.split("-")[-2:]
    sentences, references = read_test_set(data / f"{split}.{source}", [data / f"{split}.{target}"])
    search = translator.options(**({} if beam_size is None else {"beam_size": beam_size}))
    report, _ = evaluate_translations(translator, sentences[:num], references[:num], search)
    scores = "  ".join(f"{score:7.2f}" for score in report.scores.values())
    return f"{name:26} {report.num_items:5} {scores}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--model", default="multi30k-en-de")
    parser.add_argument("--sentences", type=int, default=1_014)
    arguments = parser.parse_args()
    translator, data = load_translator(arguments.model, "cpu"), arguments.data
    print(
        f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__};"
        f" {translator.name}"
    )
    print(f"{'':32} {'BLEU':>7}  {'BLEU-lc':>7}  {'chrF':>7}  {'TER':>7}")
    for split in ("val", "test_2016_flickr"):
        print(row(translator, data, split, split, arguments.sentences, None), flush=True)
    for split in ("train", "val"):
        print(
            row(translator, data, split, f"{split}, greedy", min(LEARNT, arguments.sentences), 1),
            flush=True,
        )


if __name__ == "__main__":
    main()
