"""How well a model translates in each direction that it knows.

    python benchmarks/translation_quality.py [--model en-de-fr] [--through en] [--sentences N]
        --set NAME SOURCE SOURCE_LANGUAGE TARGET TARGET_LANGUAGE [--set ...]

SOURCE and TARGET are aligned files, one sentence a line; where they are the same file, it holds
both with a tab between them. Each set is translated there, and back where the model can, by the
model's own search. With `--through`, sets between two other languages are also translated by way of
that language: two translations, one behind the other.
"""

import argparse
import platform
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from captioner.data.parallel_text import read_parallel
from captioner.evaluation.translations import evaluate_translations
from captioner.metrics import Report
from captioner.pipeline import Translator, load_translator


def rows(
    translator: Translator, given: Sequence[str], through: str | None, most: int | None
) -> Iterator[str]:
    """Yield the lines of the table for one set."""
    name, source, first, target, second = given
    pairs = read_parallel(Path(source), None if source == target else Path(target))[:most]
    sides = {first: [pair.source for pair in pairs], second: [pair.target for pair in pairs]}
    search = translator.options()
    translator.through.clear()  # each way is measured
    for way in ((first, second), (second, first)):
        if way not in translator.directions:
            continue
        sentences, references = sides[way[0]], [(text,) for text in sides[way[1]]]
        report, _ = evaluate_translations(translator, sentences, references, search, way)
        yield line(f"{name}, {way[0]} to {way[1]}", report)
        if through is not None and through not in way:
            middle = [(text,) for text in sentences]  # nothing to score it by
            _, between = evaluate_translations(
                translator, sentences, middle, search, (way[0], through)
            )
            report, _ = evaluate_translations(
                translator, between, references, search, (through, way[1])
            )
            yield line(f"{name}, {way[0]} by way of {through} to {way[1]}", report)


def line(name: str, report: Report) -> str:
    """Return one line of the table."""
    scores = "  ".join(f"{score:7.2f}" for score in report.scores.values())
    return f"{name:44} {report.num_items:5} {scores}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="en-de-fr")
    parser.add_argument("--through", help="a language between two others")
    parser.add_argument("--sentences", type=int, help="of each set, the first so many")
    parser.add_argument("--set", nargs=5, action="append", required=True, dest="sets")
    given = parser.parse_args()
    translator = load_translator(given.model, "cpu")
    threads = f"{torch.get_num_threads()} threads, torch {torch.__version__}"
    print(f"{platform.machine()}, {threads}; {translator.name}")
    print(f"{'':50} {'BLEU':>7}  {'BLEU-lc':>7}  {'chrF':>7}  {'TER':>7}")
    for one in given.sets:
        for told in rows(translator, one, given.through, given.sentences):
            print(told, flush=True)


if __name__ == "__main__":
    main()
