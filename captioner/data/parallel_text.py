"""Reads pairs of sentences and translations from aligned text files, a table or JSON lines."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from captioner.data.json_lines import read_json_lines
from captioner.data.text_file import read_text
from captioner.errors import AnnotationError, EmptyDataError


@dataclass(frozen=True)
class SentencePair:
    """A sentence and its translation.

    Attributes:
        source: The sentence.
        target: Its translation.
        photo: The photo beside the sentence, as its file names it; empty where there is none.
    """

    source: str
    target: str
    photo: str = ""


def read_lines(file: Path) -> list[str]:
    """Read a text file as lines; an empty line is an empty sentence, and a last line need not end.

    Raises:
        AnnotationError: It cannot be read, or is in another encoding.
    """
    lines = read_text(file).split("\n")
    if not lines[-1]:
        del lines[-1]
    return [line.removesuffix("\r") for line in lines]


def read_aligned(files: Sequence[Path]) -> list[list[str]]:
    """Read files whose lines belong together, the first with the first and so on.

    Raises:
        AnnotationError: A file cannot be read, or has another number of lines than the first one.
    """
    columns = [read_lines(file) for file in files]
    for file, lines in zip(files, columns, strict=True):
        if len(lines) != len(columns[0]):
            raise AnnotationError(
                f"{files[0]} has {len(columns[0]):,} lines, {file} has {len(lines):,}: they must be"
                " aligned line by line"
            )
    return columns


def read_parallel(source: Path, target: Path | None) -> list[SentencePair]:
    """Read pairs from two aligned files, or from one with both sides, whose content decides how.

    Args:
        source: Sentences, one per line. Without `target`: two columns with a tab between them, or
            JSON lines with `source`, `target` and optionally `photo`.
        target: Their translations, line by line.

    Raises:
        AnnotationError: A file cannot be read or is malformed, or the two have different numbers of
            lines.
        EmptyDataError: There are no pairs.
    """
    if target is not None:
        pairs = [
            SentencePair(*sides) for sides in zip(*read_aligned([source, target]), strict=True)
        ]
    else:
        lines = read_lines(source)
        is_json = next((line for line in lines if line.strip()), "").startswith("{")
        pairs = list((_json_pairs if is_json else _table_pairs)(lines, source))
    if not pairs:
        raise EmptyDataError(f"{source}: it holds no sentences")
    return pairs


def _table_pairs(lines: Sequence[str], file: Path) -> Iterator[SentencePair]:
    for number, line in enumerate(lines, start=1):
        columns = line.split("\t")
        if len(columns) != 2:
            raise AnnotationError(
                f"{file}, line {number}: {len(columns)} columns; without a file of targets each"
                " line holds source and "
                "target with a tab between them, or a JSON object with `source` and `target`"
            )
        yield SentencePair(*columns)


def _json_pairs(lines: Sequence[str], file: Path) -> Iterator[SentencePair]:
    for where, row in read_json_lines(lines, file):
        told = row if isinstance(row, dict) else {}
        source, target, photo = told.get("source"), told.get("target"), told.get("photo") or ""
        if not (isinstance(source, str) and isinstance(target, str)):
            raise AnnotationError(
                f"{where}: an object with `source` and `target`, both of them texts, is needed"
            )
        if not isinstance(photo, str):
            raise AnnotationError(f"{where}: `photo` must be the name of a file (given: {photo!r})")
        yield SentencePair(source, target, photo)


def keep_trainable(
    pairs: Sequence[SentencePair], max_words: int, max_ratio: float
) -> tuple[list[SentencePair], dict[str, int]]:
    """Leave out pairs that are useless or too long for training.

    Args:
        pairs: All pairs.
        max_words: The most words on a side.
        max_ratio: The most words of one side for each word of the other.

    Returns:
        The pairs that stay, and how many were left out for each reason.

    Raises:
        EmptyDataError: None stays.
    """
    dropped: Counter[str] = Counter()
    kept = []
    for pair in pairs:
        short, long = sorted((len(pair.source.split()), len(pair.target.split())))
        if not short:
            dropped["empty"] += 1
        elif long > max_words:
            dropped[f"longer than {max_words} words"] += 1
        elif long > max_ratio * short:
            dropped[f"one side more than {max_ratio:g} times as long"] += 1
        else:
            kept.append(pair)
    if not kept:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in dropped.items())
        raise EmptyDataError(
            f"no pair is left to train on ({reasons}): see data.max_words and data.max_ratio"
        )
    return kept, dict(dropped)
