"""Whether a photo beside a sentence helps to translate it: right photos, none, and shuffled ones.

    python benchmarks/photo_translation.py pairs DATA FOLDER
    python benchmarks/photo_translation.py measure DATA MODEL

DATA is a folder with Multi30k (`multi30k/SPLIT.en`, `.de`, `.images.txt`) and Flickr8k's photos
(`flickr8k/images`, `train.txt`, `val.txt`). Multi30k's sentences are captions of Flickr30k's
photos, of which Flickr8k has a part. Lines whose photo validates Flickr8k's captioners are judged;
nothing is learnt from them.

`pairs` writes into FOLDER what a model is trained on: `text.en` and `text.de`, all other lines of
`train`; and `photos.jsonl`, the same lines, those whose photo is in Flickr8k's `train.txt` up to
four times: as they are and with masked words, beside the photo and without it. `val.jsonl` is to
choose the epoch by: lines of Multi30k's `val` whose photo is none of Flickr8k's.

`measure` translates the judged lines, as they are and with colours, nouns or genders masked, beside
their own photos, without photos, and beside the photos of other lines. BLEU and chrF are of the
lines that have such words; `found` is the percentage of masked words, as far as the reference has
their German word, that the translation has.

Sources: Elliott 2018 (shuffled photos); Caglayan et al. 2019, arXiv:1903.08678 (masked words).
"""

import argparse
import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from captioner.metrics.translation import TranslationScorer
from captioner.pipeline import Translator, load_translator

MASK = "[v]"
TIMES = 3  # that a line with a photo is shown with masked words, once of them without the photo

# English words that are masked, and what their German word has in it. Nouns are those of things
# and animals that ten or more lines name; people are told by genders.
COLOURS = {
    "red": "rot",
    "blue": "blau",
    "green": "grün",
    "yellow": "gelb",
    "white": "weiß",
    "black": "schwarz",
    "brown": "braun",
    "orange": "orange",
    "pink": "pink|rosa",
    "purple": "lila|violett",
    "gray": "grau",
    "grey": "grau",
    "blond": "blond",
    "blonde": "blond",
}
NOUNS = {
    "dogs?": "[Hh]und|Welpe",
    "balls?": "[Bb]all|[Bb]älle",
    "horses?": "[Pp]ferd",
    "(?:bikes?|bicycles?)": "[Rr]ad|[Rr]äder|Bike",
    "(?:motorcycles?|motorbikes?)": "[Mm]otor",
    "cars?": "Auto|[Ww]agen",
    "street": "[Ss]traße",
    "water": "[Ww]asser",
    "snow": "[Ss]chnee",
    "beach": "[Ss]trand",
    "grass": "[Gg]ras|[Ww]iese",
    "guitars?": "[Gg]itarre",
    "hats?": "[Hh]ut|[Hh]üte|[Mm]ütze",
    "shirts?": "[Hh]emd|[Ss]hirt",
    "fields?": "[Ff]eld|[Ww]iese",
    "trees?": "[Bb]aum|[Bb]äume",
    "rocks?": "[Ff]els|[Ss]tein",
    "table": "[Tt]isch",
    "bench": "[Bb]ank",
    "boats?": "[Bb]oot",
    "pool": "[Pp]ool|[Bb]ecken",
    "soccer": "[Ff]ußball",
    "football": "[Ff]ootball",
    "mountains?": "[Bb]erg",
    "wall": "[Ww]and|[Mm]auer",
    "swing": "[Ss]chaukel",
    "child": "[Kk]ind",
    "children": "[Kk]ind",
    "baby": "[Bb]aby|[Kk]leinkind",
}
GENDERS = {
    "man": "[Mm]ann",
    "men": "[Mm]änner",
    "woman": "[Ff]rau",
    "women": "[Ff]rauen",
    "boy": "Junge",
    "boys": "Jung",
    "girl": "Mädchen",
    "girls": "Mädchen",
    "lady": "[Ff]rau|[Dd]ame",
    "guy": "[Mm]ann|Typ|Kerl",
    "he": r"\b[Ee]r\b",
    "she": r"\b[Ss]ie\b",
    "his": r"\b[Ss]ein",
    "her": r"\b[Ii]hr|\b[Ss]ie\b",
    "male": "männlich|[Mm]ann|Männer",
    "female": "weiblich|[Ff]rau",
}
KINDS = {"colours": COLOURS, "nouns": NOUNS, "genders": GENDERS}
PATTERNS = {
    kind: re.compile(rf"\b(?:{'|'.join(words)})\b", re.IGNORECASE) for kind, words in KINDS.items()
}


@dataclass(frozen=True)
class Line:
    """A line of Multi30k; `photo` is empty where Flickr8k has not its photo."""

    source: str
    target: str
    photo: str


def read_lines(data: Path, split: str, names: dict[str, str]) -> list[Line]:
    """Read a split; `names` has Flickr8k's photos by their number."""
    folder = data / "multi30k"
    columns = [
        (folder / f"{split}.{end}").read_text(encoding="utf-8").splitlines()
        for end in ("en", "de", "images.txt")
    ]
    return [
        Line(source, target, names.get(photo.partition(".")[0], ""))
        for source, target, photo in zip(*columns, strict=True)
    ]


def photos_of(data: Path, split: str) -> dict[str, str]:
    """Return the names of Flickr8k's photos of a split by their number."""
    names = (data / "flickr8k" / f"{split}.txt").read_text(encoding="utf-8").split()
    return {name.partition("_")[0]: name for name in names}


def masked(source: str, kind: str) -> str:
    """Return a sentence without its words of a kind."""
    return PATTERNS[kind].sub(MASK, source)


def kinds_in(source: str) -> list[str]:
    """Return the kinds of which a sentence has words."""
    return [kind for kind, pattern in PATTERNS.items() if pattern.search(source)]


def write_pairs(data: Path, folder: Path) -> None:
    """Write what a model is trained on, and say how many lines there are."""
    train, val = photos_of(data, "train"), photos_of(data, "val")
    lines = read_lines(data, "train", train | val)
    learnt = [line for line in lines if line.photo not in val.values()]
    folder.mkdir(parents=True, exist_ok=True)
    for side in ("source", "target"):
        file = folder / f"text.{'en' if side == 'source' else 'de'}"
        file.write_text("".join(f"{getattr(one, side)}\n" for one in learnt), encoding="utf-8")
    rng = random.Random(0)
    rows = [row for line in learnt for row in shown(line, rng)]
    unseen = [one for one in read_lines(data, "val", train | val) if not one.photo]
    write_rows(folder / "photos.jsonl", rows)
    write_rows(folder / "val.jsonl", [(one.source, one.target, "") for one in unseen])
    seen = sum(bool(line.photo) for line in learnt)
    print(
        f"{len(learnt):,} lines, {seen:,} with a photo: {len(rows):,} rows; {len(unseen)} to judge"
    )


def shown(line: Line, rng: random.Random) -> Iterator[tuple[str, str, str]]:
    """Yield a line as it is, and one with a photo also with masked words and without the photo."""
    yield line.source, line.target, line.photo
    kinds = kinds_in(line.source) if line.photo else []
    for time in range(TIMES if kinds else 0):
        photo = "" if time == 0 else line.photo
        yield masked(line.source, rng.choice(kinds)), line.target, photo


def write_rows(file: Path, rows: Sequence[tuple[str, str, str]]) -> None:
    """Write JSON lines as `captioner train` reads them."""
    fields = ("source", "target", "photo")
    lines = [json.dumps(dict(zip(fields, row, strict=True)), ensure_ascii=False) for row in rows]
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def judged_lines(data: Path) -> list[Line]:
    """Return the lines of all splits whose photo validates Flickr8k's captioners."""
    val = photos_of(data, "val")
    splits = ("train", "val", "test_2016_flickr")
    return [line for one in splits for line in read_lines(data, one, val) if line.photo]


def measure(data: Path, model: str) -> None:
    """Print the table."""
    lines, translator = judged_lines(data), load_translator(model, "cpu")
    others = [line.photo for line in lines]
    random.Random(0).shuffle(others)
    sets = {kind: [one for one in lines if PATTERNS[kind].search(one.source)] for kind in KINDS}
    sets["nothing"] = lines
    other_of = dict(zip([line.photo for line in lines], others, strict=True))
    print(
        "| masked | lines | photos | BLEU | chrF | found |\n| --- | --- | --- | --- | --- | --- |"
    )
    for kind, several in sets.items():
        sources = [masked(one.source, kind) if kind in KINDS else one.source for one in several]
        own = [data / "flickr8k" / "images" / one.photo for one in several]
        shuffled = [data / "flickr8k" / "images" / other_of[one.photo] for one in several]
        for name, photos in (("right", own), ("none", None), ("shuffled", shuffled)):
            told = translate(translator, sources, photos)
            references = {number: (one.target,) for number, one in enumerate(several)}
            scores = TranslationScorer(references).score(dict(enumerate(told))).scores
            bleu, chrf = scores["BLEU"], scores["chrF"]
            cells = [kind, f"{len(several)}", name, f"{bleu:.1f}", f"{chrf:.1f}"]
            print(f"| {' | '.join([*cells, found(several, told, kind)])} |", flush=True)


def translate(
    translator: Translator, sources: Sequence[str], photos: Sequence[Path] | None
) -> list[str]:
    """Translate sentences beside photos."""
    results = translator.translate(sources, source="en", target="de", photos=photos)
    return [one.text for one in results]


def found(lines: Sequence[Line], told: Sequence[str], kind: str) -> str:
    """Return how many of the masked words of a kind that references have translations have."""
    wanted = [
        (german, text)
        for line, text in zip(lines, told, strict=True)
        for english, german in KINDS.get(kind, {}).items()
        if re.search(rf"\b{english}\b", line.source, re.IGNORECASE)
        and re.search(german, line.target)
    ]
    if not wanted:
        return ""
    hits = sum(bool(re.search(german, text)) for german, text in wanted)
    return f"{100 * hits / len(wanted):.1f} % of {len(wanted)}"


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("pairs", "measure"))
    parser.add_argument("data", type=Path)
    parser.add_argument("place", help="the folder to write, or the model")
    given = parser.parse_args()
    if given.what == "pairs":
        write_pairs(given.data, Path(given.place))
    else:
        measure(given.data, given.place)


if __name__ == "__main__":
    main()
