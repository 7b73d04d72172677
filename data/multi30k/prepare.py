"""Checks a copy of Multi30k, task 1, before a model is trained on it.

    python data/multi30k/prepare.py DIR

The exit status is 0 where all is well and 1 where something is missing; README.md beside this file
has the layout.
"""

import argparse
import sys
from pathlib import Path

from captioner.data.parallel_text import read_lines
from captioner.data.preparation import Report, first_existing
from captioner.errors import AnnotationError

NUM_SENTENCES = {"train": 29_000, "val": 1_014, "test_2016_flickr": 1_000}
LANGUAGES = ("en", "de", "fr", "cs")
# Some copies call the test set otherwise.
NAMES = {
    "train": ("train",),
    "val": ("val",),
    "test_2016_flickr": ("test_2016_flickr", "test2016", "test"),
}
LINES_SHOWN = 5
REMEDY = "see 'Where to get it' in data/multi30k/README.md"


def main(arguments: list[str] | None = None) -> int:
    """Check the folder that the command line names."""
    parser = argparse.ArgumentParser(description="Check a copy of Multi30k, task 1.")
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help="where the files train.en, train.de, ... are"
    )
    folder: Path = parser.parse_args(arguments).folder
    report = Report()
    languages = [language for language in LANGUAGES if (folder / f"train.{language}").exists()]
    if len(languages) < 2:
        found = f"only train.{languages[0]}" if languages else "no train.en, train.de, ..."
        report.problem(f"{found} in {folder}: two languages are needed", REMEDY)
    else:
        report.note(f"languages: {', '.join(languages)}")
        for split in NUM_SENTENCES:
            check(folder, split, languages, report)
    return report.exit_status()


def check(folder: Path, split: str, languages: list[str], report: Report) -> None:
    """Check the files of one split, each for itself and against one another."""
    counts = {}
    for language in languages:
        file = first_existing(folder, [f"{name}.{language}" for name in NAMES[split]])
        if file is None:
            report.problem(f"no {split}.{language} in {folder}", REMEDY)
            continue
        try:
            lines = read_lines(file)
        except AnnotationError as error:
            report.problem(str(error), REMEDY)
            continue
        counts[language] = len(lines)
        report.count(f"{file.name}, sentences", len(lines), NUM_SENTENCES[split], REMEDY)
        if empty := [str(number) for number, line in enumerate(lines, start=1) if not line.strip()]:
            shown = ", ".join(empty[:LINES_SHOWN]) + (", ..." if len(empty) > LINES_SHOWN else "")
            report.problem(f"{file.name}: {len(empty):,} empty lines ({shown})", REMEDY)
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{language} {count:,}" for language, count in counts.items())
        report.problem(
            f"{split}: the languages have different numbers of lines ({told})",
            "take all from one source",
        )


if __name__ == "__main__":
    sys.exit(main())
