"""Joins the plain names of ImageNet's classes with WordNet's nouns and writes the table that captioner ships.

    python data/imagenet/prepare.py DIR

DIR holds WordNet 3.0's `data.noun` and `index.noun` (Debian's package wordnet-base puts them into /usr/share/wordnet).
README.md beside this file says where the names come from and what the table's columns are.
"""

import argparse
import csv
from collections.abc import Iterable
from pathlib import Path

HERE = Path(__file__).parent
TABLE = HERE.parent.parent / "captioner" / "concepts" / "imagenet.csv"

# A word's senses stand in the order of their frequency; rarer ones (a bridge of ships, the palm's tree) mislead.
COMMON_SENSES = 2

# From here on up a kind is so general that its words say nothing of a photo.
# fmt: off
TOO_GENERAL = frozenset((
    "n00001740", "n00001930", "n00002137", "n00002684", "n00003553", "n00004258", "n00004475", "n00007347",
    "n00019128", "n00021939", "n03575240", "n03183080", "n03563967", "n00019613", "n00020090", "n00027167",
    "n00024264", "n13809207", "n13810818", "n09385911", "n09334396", "n03122748", "n04362025", "n03094503",
    "n04105893", "n02688443", "n04015204", "n03257877",
))
# fmt: on


def main(arguments: list[str] | None = None) -> None:
    """Write the table of the package."""
    parser = argparse.ArgumentParser(description="Write the table of concepts that captioner ships.")
    parser.add_argument("folder", type=Path, metavar="DIR", help="with WordNet's data.noun")
    folder: Path = parser.parse_args(arguments).folder
    nouns, senses = read_nouns(folder / "data.noun"), read_senses(folder / "index.noun")
    classes = [
        {**row, "kinds": " ".join(above), "words": ";".join(words_of(above, nouns, senses))}
        for row in read_rows(HERE / "names.csv")
        for above in [kinds(row["synset"], nouns)]
    ]
    write_rows(TABLE, classes)
    print(f"{len(classes)} classes, {len({row['name'] for row in classes})} names: {TABLE}")


def read_nouns(file: Path) -> dict[str, tuple[list[str], list[str]]]:
    """Return each noun synset's lemmas and direct hypernyms.

    Source:
        The format: wndb(5WN), "Data File Format".
    """
    nouns = {}
    for line in file.read_text(encoding="latin-1").splitlines():
        if line.startswith("  "):  # the licence
            continue
        fields = line.split(" | ")[0].split()
        num_words = int(fields[3], 16)
        lemmas = [fields[4 + 2 * word].replace("_", " ").lower() for word in range(num_words)]
        first = 5 + 2 * num_words
        pointers = [fields[at : at + 4] for at in range(first, first + 4 * int(fields[first - 1]), 4)]
        above = [f"n{offset}" for symbol, offset, part, _ in pointers if symbol in ("@", "@i") and part == "n"]
        nouns[f"n{fields[0]}"] = lemmas, above
    return nouns


def kinds(synset: str, nouns: dict[str, tuple[list[str], list[str]]]) -> list[str]:
    """Return a synset and all its hypernyms, nearest first, up to the last that says something of a photo."""
    found: list[str] = []
    wave = [synset]
    while wave:
        found += wave
        above = [hypernym for one in wave for hypernym in nouns[one][1]]
        wave = [one for one in dict.fromkeys(above) if one not in found and one not in TOO_GENERAL]
    return found


def read_senses(file: Path) -> dict[str, list[str]]:
    """Return each noun's most frequent synsets."""
    senses = {}
    for line in file.read_text(encoding="latin-1").splitlines():
        if not line.startswith("  "):
            fields = line.split()
            count = int(fields[2])
            senses[fields[0].replace("_", " ")] = [f"n{offset}" for offset in fields[-count:][:COMMON_SENSES]]
    return senses


def words_of(
    synsets: Iterable[str], nouns: dict[str, tuple[list[str], list[str]]], senses: dict[str, list[str]]
) -> list[str]:
    """Return the words that people use for synsets, each once, in the synsets' order."""
    words = [lemma for synset in synsets for lemma in nouns[synset][0] if synset in senses[lemma]]
    return list(dict.fromkeys(words))


def read_rows(file: Path) -> list[dict[str, str]]:
    """Read a table."""
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def write_rows(file: Path, rows: list[dict[str, str]]) -> None:
    """Write a table."""
    with file.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
