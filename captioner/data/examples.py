"""Reads a caption file of any known format into examples, one per photo."""

import gc
import logging
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

from captioner.data.caption_file import first_line, named_rows
from captioner.data.caption_parquet import is_parquet, read_caption_parquet
from captioner.data.caption_row import CaptionRow
from captioner.data.sidecars import read_sidecars
from captioner.data.text_file import read_text
from captioner.errors import AnnotationError, EmptyDataError, MissingImageError

SPLITS = ("train", "val", "test")
COCO_FOLDERS = ("train2014", "val2014", "train2017", "val2017")
NAMES_SHOWN = 3

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class CaptionExample:
    """A photo and its captions.

    Attributes:
        image: The photo's file.
        captions: Its captions, in the file's order; at least one, none empty.
        image_id: COCO's number where there is one, otherwise the name that the caption file uses.
        split: train, val or test, or a domain of nocaps, where the caption file says it.
    """

    image: Path
    captions: tuple[str, ...]
    image_id: int | str
    split: str | None = None


def read_captions(captions: Path, images: Path) -> list[CaptionExample]:
    """Read a caption file of any known format, or texts beside photos, in the order of the photos.

    Args:
        captions: CSV `image,caption` and its kin, Flickr8k's token.txt, COCO's or Karpathy's JSON,
            a metadata.jsonl, or what `captioner caption` wrote as JSONL, CSV or Parquet; `-` is
            standard input. Or a folder, which has a text for each photo.
        images: The folder that photo names are relative to. COCO's usual subfolders are tried, too,
            and the caption file's own folder, where the photos of a metadata.jsonl are.

    Raises:
        AnnotationError: The file cannot be read, is of no known format, or is malformed.
        EmptyDataError: It holds no captions.
        MissingExtraError: It is a Parquet table, and pyarrow is not installed.
    """
    if captions.is_dir():
        return examples_of(read_sidecars(captions, images), captions, images)
    if is_parquet(captions):
        return examples_of(read_caption_parquet(captions), captions, images)
    text = read_text(captions)
    if not text.strip():
        raise EmptyDataError(f"{captions}: the file is empty")
    rows = named_rows(text, captions)
    if rows is None:
        raise AnnotationError(
            f"{captions}, line 1: no known format. Known are CSV whose header names the columns, as"
            " in image,caption; Flickr8k's token.txt; the JSON of COCO and of Karpathy;"
            f" metadata.jsonl; and a folder with a .txt a photo (here: {first_line(text)[:60]!r})"
        )
    return examples_of(rows, captions, images)


def examples_of(
    rows: Iterable[CaptionRow], captions: Path, images: Path | None
) -> list[CaptionExample]:
    """Group rows by photo; names that differ only in Unicode form (NFC and NFD) are the same.

    Empty captions and rows of photos on which a system failed are dropped, and their numbers are
    logged. White space within captions becomes single spaces. `check_images` checks whether the
    photos exist.

    Args:
        rows: The rows of the caption file.
        captions: The file; photos are also looked for in its folder.
        images: Folder of the photos; if None, they are not looked for, and names are their paths.

    Raises:
        EmptyDataError: There are no captions.
    """
    folders = _folders(captions, images) if images is not None else []
    with _uncollected():
        return [
            CaptionExample(_located(row.file_name, folders), tuple(texts), row.image_id, row.split)
            for row, texts in _by_photo(rows, captions)
        ]


@contextmanager
def _uncollected() -> Iterator[None]:
    """Pause Python's garbage collection while millions of objects are made, none being garbage."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _by_photo(rows: Iterable[CaptionRow], captions: Path) -> list[tuple[CaptionRow, list[str]]]:
    """Return the first row of each photo, and all of its captions."""
    grouped: dict[int | str, tuple[CaptionRow, list[str]]] = {}
    num_empty = 0
    failed: list[CaptionRow] = []
    for row in rows:
        if row.caption is None:
            failed.append(row)
            continue
        caption = " ".join(row.caption.split())
        num_empty += not caption
        if caption:
            grouped.setdefault(composed(row.image_id), (row, []))[1].append(caption)
    if num_empty:
        logger.info("%s: %d empty captions dropped", captions, num_empty)
    if failed:
        why = f"{failed[0].file_name} ({failed[0].error})"
        logger.warning(
            "%s: %d rows with an error are passed over, such as %s", captions, len(failed), why
        )
    if not grouped:
        raise EmptyDataError(
            f"{captions}: it holds no captions ({num_empty} empty ones, {len(failed)} with an"
            " error)"
        )
    return list(grouped.values())


def _folders(captions: Path, images: Path) -> list[str]:
    coco = (images / folder for folder in COCO_FOLDERS if (images / folder).is_dir())
    return [str(folder) for folder in (images, *coco, captions.parent)]


def composed(name: int | str) -> int | str:
    """Return a name in Unicode's NFC, so that names that look alike are equal, also from a Mac."""
    return normalize("NFC", name) if isinstance(name, str) else name


def check_images(examples: Sequence[CaptionExample]) -> None:
    """Check that every photo is there.

    Raises:
        MissingImageError: Some are missing; the message counts them and names the first.
    """
    missing = [str(example.image) for example in examples if not _is_file(example.image)]
    if missing:
        hint = "check the folder of photos, or leave these out of the captions"
        raise MissingImageError(
            f"{len(missing)} of {len(examples)} photos are not there: {first_few(missing)}; {hint}"
        )


def first_few(names: Sequence[str]) -> str:
    """Return the first names of a list, for a message."""
    return ", ".join([*names[:NAMES_SHOWN], *(["..."] if len(names) > NAMES_SHOWN else [])])


def is_divided(examples: Sequence[CaptionExample]) -> bool:
    """Tell whether the captions say which photos are for training, validation and test."""
    return any(example.split in SPLITS for example in examples)


def select_split(
    examples: Sequence[CaptionExample], names: Path | None, split: str
) -> list[CaptionExample]:
    """Choose the examples of one split.

    Args:
        examples: All examples of a caption file.
        names: A file that lists photos, one per line, by file name or image id. Its order is kept,
            and each is taken once. If None, the captions' own split decides; without any, all
            examples are for training.
        split: train, val or test, or a domain.

    Raises:
        AnnotationError: The list cannot be read, or names a photo that has no captions.
        EmptyDataError: Nothing is left.
    """
    if names is not None:
        chosen = _named(examples, names)
    elif split not in SPLITS or is_divided(examples):
        chosen = [example for example in examples if example.split == split]
    else:
        chosen = list(examples) if split == "train" else []
    if not chosen:
        found = Counter(example.split for example in examples if example.split)
        carried = ", ".join(f"{name}: {count}" for name, count in found.items()) or "none"
        where = f"{names}: it lists no photos" if names else f"no photos of split {split!r}"
        raise EmptyDataError(
            f"{where}; give a file that lists them one a line (splits in the captions: {carried})"
        )
    return chosen


def _named(examples: Sequence[CaptionExample], names: Path) -> list[CaptionExample]:
    counts = Counter(composed(example.image.name) for example in examples)
    known = {
        name: example for example in examples if counts[name := composed(example.image.name)] == 1
    }
    known |= {composed(str(example.image_id)): example for example in examples}
    chosen = {}
    for number, line in enumerate(read_text(names).split("\n"), start=1):
        if name := composed(line.strip()):
            if name not in known:
                example = (
                    f"write names as the captions do, such as {next(iter(known), 'photo.jpg')}"
                )
                raise AnnotationError(
                    f"{names}, line {number}: {name!r} has no captions; {example}"
                )
            chosen[known[name].image_id] = known[name]
    return list(chosen.values())


def measured_split(examples: Sequence[CaptionExample], split: str | None) -> list[CaptionExample]:
    """Choose the examples to measure a model on.

    Args:
        examples: All examples of a caption file.
        split: A file that lists photos, one per line, or the name of a split or domain in the
            captions. If None, the test split, or all photos where the captions have no splits.

    Raises:
        AnnotationError: As `select_split`.
        EmptyDataError: As `select_split`.
    """
    if split is None and not is_divided(examples):
        return list(examples)
    split = split or "test"
    is_name = (
        split in {*SPLITS, *(example.split for example in examples)} and not Path(split).is_file()
    )
    return select_split(examples, None if is_name else Path(split), split)


def _located(name: str, folders: Sequence[str]) -> Path:
    """Find a photo where its name says, or by the last parts of its name.

    COCO's 2017 release calls COCO_val2014_000000391895.jpg 000000391895.jpg, and may have it in
    train2017. Paths are strings until one is found, since making `Path` objects for all of COCO
    takes longer than looking at the disk.
    """
    if not folders:
        return Path(name)
    stated = os.path.join(folders[0], name)  # noqa: PTH118
    if _is_file(stated):
        return Path(stated)
    short = Path(name).name
    plain = re.sub(r"^COCO_(train|val|test)\d{4}_", "", short)
    spelled = [normalize(form, part) for part in (short, plain) for form in ("NFC", "NFD")]
    places = dict.fromkeys(
        (folder, part) for part in (short, plain, *spelled) for folder in folders
    )
    # A photo that was captioned as photos/sub/a.jpg may be sub/a.jpg in the folder of photos.
    parts = Path(name).parts
    tails = ["/".join(parts[start:]) for start in range(len(parts) - 1)] or [name]
    alike = [(folders[0], normalize(form, tail)) for tail in tails for form in ("NFC", "NFD")]
    candidates = (os.path.join(folder, part) for folder, part in (*alike, *places))  # noqa: PTH118
    return Path(next(filter(_is_file, candidates), stated))


def _is_file(path: Path | str) -> bool:
    return os.path.isfile(path)  # noqa: PTH113 (Path.is_file raises where a name is too long)
