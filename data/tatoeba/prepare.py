"""Makes training pairs of three languages from Tatoeba's pairs of English with two others.

    python data/tatoeba/prepare.py DIR OUT [--first de] [--second fr] [--most 3]

DIR holds train.en-de.tsv, train.en-fr.tsv, val.en-de.tsv and val.en-fr.tsv, an English sentence and
its translation with a tab between them. OUT gets train.en-de.tsv and train.en-fr.tsv without any
pair of which a side stands in a validation file, and train.de-fr.tsv: German and French sentences
that translate the same English one. The exit status is 1 where a file cannot be read.
"""

import argparse
import random
import sys
from collections.abc import Sequence
from pathlib import Path

from captioner.data.parallel_text import SentencePair, read_parallel
from captioner.errors import CaptionerError


def main(arguments: list[str] | None = None) -> int:
    """Write the three files and say how many pairs each has."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("output", type=Path, metavar="OUT")
    parser.add_argument("--first", default="de", help="a language beside English")
    parser.add_argument("--second", default="fr", help="the other one")
    parser.add_argument("--most", type=int, default=3, help="joined pairs of one English sentence")
    given = parser.parse_args(arguments)
    languages = (given.first, given.second)
    try:
        train, val = (
            [read_parallel(given.folder / f"{split}.en-{one}.tsv", None) for one in languages]
            for split in ("train", "val")
        )
    except CaptionerError as error:
        print(error, file=sys.stderr)
        return 1
    judged = {side for pairs in val for pair in pairs for side in (pair.source, pair.target)}
    first, second = (
        [pair for pair in pairs if judged.isdisjoint((pair.source, pair.target))] for pairs in train
    )
    given.output.mkdir(parents=True, exist_ok=True)
    write(given.output / f"train.en-{given.first}.tsv", first)
    write(given.output / f"train.en-{given.second}.tsv", second)
    joined = join(first, second, given.most)
    write(given.output / f"train.{given.first}-{given.second}.tsv", joined)
    return 0


def join(
    first: Sequence[SentencePair], second: Sequence[SentencePair], most: int
) -> list[SentencePair]:
    """Return pairs of targets that translate the same source, at most so many of each source.

    They come in random order, the same one each time.
    """
    rng = random.Random(0)
    translations: dict[str, list[str]] = {}
    for pair in second:
        translations.setdefault(pair.source, []).append(pair.target)
    by_source: dict[str, set[SentencePair]] = {}
    for pair in first:
        found = {SentencePair(pair.target, other) for other in translations.get(pair.source, ())}
        by_source.setdefault(pair.source, set()).update(found)
    chosen: set[SentencePair] = set()
    for pairs in by_source.values():
        ordered = sorted(pairs, key=lambda pair: (pair.source, pair.target))
        chosen.update(rng.sample(ordered, min(most, len(ordered))))
    joined = sorted(chosen, key=lambda pair: (pair.source, pair.target))
    rng.shuffle(joined)
    return joined


def write(file: Path, pairs: Sequence[SentencePair]) -> None:
    """Write pairs as a table and say how many there are."""
    lines = [f"{pair.source}\t{pair.target}\n" for pair in pairs]
    file.write_text("".join(lines), encoding="utf-8")
    print(f"{file}: {len(pairs):,} pairs")


if __name__ == "__main__":
    sys.exit(main())
