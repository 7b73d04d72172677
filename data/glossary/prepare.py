"""Makes training pairs of everyday nouns and phrases, which parallel texts hardly have.

    python data/glossary/prepare.py LANGUAGE OUTPUT PAIRS... [--without FILES...]

PAIRS are files of an English sentence and its translation with a tab between them, LANGUAGE is de
or fr. OUTPUT gets the phrases of phrases.tsv and the nouns of nouns.tsv, with and without an
article, --repeat times each. It also gets sentences of PAIRS in which a noun and its translation
are exchanged for others of the same kind, gender, number and case, until each noun has --most of
them (Fadaee, Bisazza and Monz 2017, Data augmentation for low-resource neural machine translation,
arXiv:1705.00440). A pair of which a side stands in one of the files of --without, pairs to be
judged by, is left out. The exit status is 1 where a file cannot be read.
"""

import argparse
import csv
import random
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from captioner.data.parallel_text import SentencePair, read_parallel
from captioner.errors import CaptionerError

HERE = Path(__file__).parent
ARTICLES = {
    "de": {"m": ("ein", "der"), "w": ("ein", "der"), "f": ("eine", "die"), "n": ("ein", "das")},
    "fr": {"m": ("un", "le "), "f": ("une", "la ")},
}
ASPIRATED = ("hamburger", "hamster", "hot-dog")
# The last article or pronoun before a German masculine says its case: 'ein', 'der' and 'sein' stand
# before nominatives, 'einen', 'dem' and 'seinen' before others.
CASE = re.compile(r"\b(?:(?P<nominative>(?:[kmds]?ein|ihr|unser|der|dieser|jeder))|\w+e[nm])\b")


@dataclass(frozen=True)
class Form:
    """A noun in one number and case: the English word and its translation.

    `agreement` is what another form must share to take its place: kind, gender, number and so on.
    """

    english: str
    translation: str
    agreement: tuple[str, ...]


def main(arguments: list[str] | None = None) -> int:
    """Write the pairs and say how many of each sort there are."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("language", choices=("de", "fr"), metavar="LANGUAGE")
    parser.add_argument("output", type=Path, metavar="OUTPUT")
    parser.add_argument("pairs", type=Path, nargs="+", metavar="PAIRS")
    parser.add_argument("--without", type=Path, nargs="*", default=[], metavar="FILES")
    parser.add_argument("--most", type=int, default=120, help="sentences of each noun")
    parser.add_argument("--repeat", type=int, default=10, help="of each phrase and noun")
    given = parser.parse_args(arguments)
    try:
        pairs, judged = (
            [pair for path in paths for pair in read_parallel(path, None)]
            for paths in (given.pairs, given.without)
        )
    except CaptionerError as error:
        print(error, file=sys.stderr)
        return 1
    nouns = read_table("nouns.tsv")
    made = {
        "phrases": list(phrases(given.language)) * given.repeat,
        "nouns": list(nouns_alone(given.language, nouns)) * given.repeat,
        "sentences": exchange(pairs, list(forms(given.language, nouns)), given.most),
    }
    sides = {side for pair in judged for side in (pair.source, pair.target)}
    made = {
        name: [pair for pair in part if sides.isdisjoint((pair.source, pair.target))]
        for name, part in made.items()
    }
    lines = [f"{pair.source}\t{pair.target}\n" for part in made.values() for pair in part]
    given.output.write_text("".join(lines), encoding="utf-8")
    print(given.output, ", ".join(f"{len(part):,} {name}" for name, part in made.items()))
    return 0


def read_table(name: str) -> list[dict[str, str]]:
    """Return the rows of a table that stands beside this script."""
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def phrases(language: str) -> Iterator[SentencePair]:
    """Give each phrase and its translation."""
    column = {"de": "german", "fr": "french"}[language]
    for row in read_table("phrases.tsv"):
        yield SentencePair(row["english"], row[column])


def nouns_alone(language: str, nouns: Iterable[dict[str, str]]) -> Iterator[SentencePair]:
    """Give each noun without an article, with both articles, and its plural."""
    for noun in nouns:
        gender, word, plural = translation(language, noun)
        indefinite, definite = ARTICLES[language][gender]
        if language == "fr" and elides(word):
            definite = "l'"
        yield SentencePair(noun["english"], word)
        yield SentencePair(
            f"the {noun['english']}", f"{definite.strip()} {word}".replace("' ", "'")
        )
        if plural != "-":
            yield SentencePair(with_article(noun["english"]), f"{indefinite} {word}")
            yield SentencePair(noun["english_plural"], plural)


def forms(language: str, nouns: Iterable[dict[str, str]]) -> Iterator[Form]:
    """Give each noun in each number and, in German, case."""
    for noun in nouns:
        gender, word, plural = translation(language, noun)
        kind, english, many = noun["kind"], noun["english"], noun["english_plural"]
        if language == "fr":
            yield Form(english, word, (kind, gender, "one", str(elides(word))))
            if plural != "-":
                yield Form(many, plural, (kind, gender, "many", str(elides(plural))))
            continue
        if gender == "w":
            yield Form(english, word, (kind, "m", "nominative"))
            yield Form(english, plural, (kind, "m", "other"))
        elif gender == "m":
            yield Form(english, word, (kind, "m", "nominative"))
            yield Form(english, word, (kind, "m", "other"))
        else:
            yield Form(english, word, (kind, gender, "one"))
        if plural == "-":
            continue
        if plural[-1] in "ns":
            yield Form(many, plural, (kind, "many", "any"))
        else:
            yield Form(many, plural, (kind, "many", "not dative"))
            yield Form(many, plural + "n", (kind, "many", "dative"))


def exchange(pairs: Iterable[SentencePair], all_forms: list[Form], most: int) -> list[SentencePair]:
    """Return pairs in which a noun is exchanged, so that each form stands in `most` sentences."""
    found: dict[tuple[str, ...], list[tuple[SentencePair, Form]]] = defaultdict(list)
    count: dict[Form, int] = defaultdict(int)
    by_english: dict[str, list[Form]] = defaultdict(list)
    for form in all_forms:
        by_english[form.english].append(form)
    longest_first = sorted(by_english, key=len, reverse=True)
    english = re.compile(rf"(?<!['’])\b(?:{'|'.join(map(re.escape, longest_first))})\b", re.I)
    for pair in pairs:
        words = [match.group().lower() for match in english.finditer(pair.source)]
        for word in dict.fromkeys(words):
            old = the_form(by_english[word], pair.target) if words.count(word) == 1 else None
            if old is not None:
                found[old.agreement].append((pair, old))
                count[old] += 1
    rng = random.Random(0)
    made = []
    for form in all_forms:
        carriers = [one for key in fitting(form.agreement) for one in found[key]]
        carriers = [(pair, old) for pair, old in carriers if old.english != form.english]
        for pair, old in rng.sample(carriers, min(len(carriers), max(0, most - count[form]))):
            made.append(
                SentencePair(
                    replace(pair.source, old.english, form.english),
                    replace(pair.target, old.translation, form.translation),
                )
            )
    return made


def the_form(candidates: Iterable[Form], target: str) -> Form | None:
    """Return the one form that stands in a translation once, in the case that its article says."""
    fitting_forms = []
    for form in candidates:
        places = list(re.finditer(rf"\b{re.escape(form.translation)}\b", target, re.I))
        if len(places) != 1:
            continue
        if form.agreement[-1] in ("nominative", "other"):
            articles = list(CASE.finditer(target[: places[0].start()].lower()))
            if not articles:
                continue
            case = "nominative" if articles[-1]["nominative"] else "other"
            if case != form.agreement[-1]:
                continue
        fitting_forms.append(form)
    return fitting_forms[0] if len(fitting_forms) == 1 else None


def fitting(agreement: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the agreements of the forms whose place a form may take.

    A German plural in -n or -s is the same in all cases, so that it fits into each of them.
    """
    if agreement[-1] == "any":
        return [(*agreement[:-1], case) for case in ("any", "dative", "not dative")]
    return [agreement]


def replace(text: str, old: str, new: str) -> str:
    """Return the text with one word exchanged, and English's a or an before it set right."""

    def put(match: re.Match[str]) -> str:
        article, word = match.groups()
        fresh = new[0].upper() + new[1:] if word[0].isupper() else new
        if not article:
            return fresh
        return ("A" if article[0] == "A" else "a") + with_article(fresh)[1:]

    return re.sub(rf"\b(an? )?({re.escape(old)})\b", put, text, count=1, flags=re.I)


def with_article(english: str) -> str:
    """Return an English noun with a or an."""
    starts_like_a_consonant = english.startswith("uni")
    return ("an " if english[0] in "aeiou" and not starts_like_a_consonant else "a ") + english


def elides(word: str) -> bool:
    """Tell whether French shortens le and la before the word."""
    if word.startswith("h"):
        return not word.startswith(ASPIRATED)
    return word[0] in "aàâeéèêiîoôœuû"


def translation(language: str, noun: dict[str, str]) -> tuple[str, str, str]:
    """Return a noun's gender (w: a weak masculine of German), its singular and its plural."""
    column = {"de": "german", "fr": "french"}[language]
    gender, _, word = noun[column].partition(" ")
    return gender, word, noun[f"{column}_plural"]


if __name__ == "__main__":
    sys.exit(main())
