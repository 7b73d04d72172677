"""From a caption file of any known format to one example per photo: the front door of the data."""

import json
import logging
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from captioner.data.caption_row import CaptionRow
from captioner.data.captions_csv import COLUMNS, TOKEN_LINE, read_captions_csv, read_token_txt
from captioner.data.coco import read_coco
from captioner.data.karpathy import read_karpathy
from captioner.data.metadata_jsonl import read_metadata_jsonl
from captioner.errors import AnnotationError, EmptyDataError, MissingImageError

SPLITS = ("train", "val", "test")
JSON_START = re.compile(r'[{\[]\s*(?:["{}\[\]]|$)')  # not [laughter]
COCO_FOLDERS = ("train2014", "val2014", "train2017", "val2017")
NAMES_SHOWN = 3

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class CaptionExample:
    """A photo and all that people said about it.

    Attributes:
        image: The photo's file.
        captions: Its captions, in the file's order; at least one, none empty.
        image_id: COCO's number where there is one, otherwise the name that the caption file uses.
        split: train, val or test, where the caption file says it.
    """

    image: Path
    captions: tuple[str, ...]
    image_id: int | str
    split: str | None = None


def read_captions(captions: Path, images: Path) -> list[CaptionExample]:
    """Read a caption file by the one reader that fits its content, in the order in which its photos appear.

    Empty captions are dropped (their number is logged), and white space within captions becomes single spaces. Whether
    the photos are there is left to `check_images`.

    Args:
        captions: CSV `image,caption`, Flickr8k's token.txt, COCO's or Karpathy's JSON, or a metadata.jsonl.
        images: The folder that the names of photos are relative to; COCO's usual subfolders are tried too, and the
            caption file's own folder, where a metadata.jsonl has its photos.

    Raises:
        AnnotationError: The file cannot be read, is of no known format, or is malformed.
        EmptyDataError: It holds no captions.
    """
    grouped: dict[int | str, list[str]] = {}
    first_rows: dict[int | str, CaptionRow] = {}
    num_empty = 0
    for row in _rows(read_text(captions), captions):
        caption = " ".join(row.caption.split())
        num_empty += not caption
        if caption:
            first_rows.setdefault(row.image_id, row)
            grouped.setdefault(row.image_id, []).append(caption)
    if num_empty:
        logger.info("%s: %d empty captions dropped", captions, num_empty)
    if not grouped:
        raise EmptyDataError(f"{captions}: it holds no captions ({num_empty} empty ones)")
    folders = [images, *(images / folder for folder in COCO_FOLDERS if (images / folder).is_dir()), captions.parent]
    return [
        CaptionExample(_located(row.file_name, folders), tuple(grouped[image_id]), image_id, row.split)
        for image_id, row in first_rows.items()
    ]


def check_images(examples: Sequence[CaptionExample]) -> None:
    """See that every photo is there.

    Raises:
        MissingImageError: Some are not; the message counts them and names the first.
    """
    missing = [str(example.image) for example in examples if not _is_file(example.image)]
    if missing:
        names = ", ".join(missing[:NAMES_SHOWN]) + (", ..." if len(missing) > NAMES_SHOWN else "")
        hint = "check the folder of photos, or leave these out of the captions"
        raise MissingImageError(f"{len(missing)} of {len(examples)} photos are not there: {names}; {hint}")


def select_split(examples: Sequence[CaptionExample], names: Path | None, split: str) -> list[CaptionExample]:
    """Choose the examples of one split.

    Args:
        examples: All examples of a caption file.
        names: A file that lists photos one a line, by file name or image id; its order is kept, each is taken once.
            None: the split that the captions carry decides; where they carry none, all examples are for training.
        split: train, val or test.

    Raises:
        AnnotationError: The list cannot be read, or names a photo that has no captions.
        EmptyDataError: Nothing is left.
    """
    if names is not None:
        chosen = _named(examples, names)
    elif any(example.split for example in examples):
        chosen = [example for example in examples if example.split == split]
    else:
        chosen = list(examples) if split == "train" else []
    if not chosen:
        found = Counter(example.split for example in examples if example.split)
        carried = ", ".join(f"{name}: {count}" for name, count in found.items()) or "none"
        where = f"{names}: it lists no photos" if names else f"no photos of split {split!r}"
        raise EmptyDataError(f"{where}; give a file that lists them one a line (splits in the captions: {carried})")
    return chosen


def _named(examples: Sequence[CaptionExample], names: Path) -> list[CaptionExample]:
    counts = Counter(example.image.name for example in examples)
    known = {example.image.name: example for example in examples if counts[example.image.name] == 1}
    known |= {str(example.image_id): example for example in examples}
    chosen = {}
    for number, line in enumerate(read_text(names).split("\n"), start=1):
        if name := line.strip():
            if name not in known:
                example = f"write names as the captions do, such as {next(iter(known), 'photo.jpg')}"
                raise AnnotationError(f"{names}, line {number}: {name!r} has no captions; {example}")
            chosen[known[name].image_id] = known[name]
    return list(chosen.values())


def measured_split(examples: Sequence[CaptionExample], split: str | None) -> list[CaptionExample]:
    """Choose the examples that a measurement is about.

    Args:
        examples: All examples of a caption file.
        split: A file that lists photos one a line, or the name of a split that the captions carry. None: the test split
            where the captions carry splits, else all photos.

    Raises:
        AnnotationError: As `select_split`.
        EmptyDataError: As `select_split`.
    """
    if split is None and not any(example.split for example in examples):
        return list(examples)
    split = split or "test"
    is_name = split in SPLITS and not Path(split).is_file()
    return select_split(examples, None if is_name else Path(split), split)


def read_text(file: Path) -> str:
    """Read a whole file of text in UTF-8, with or without a byte order mark.

    Raises:
        AnnotationError: It cannot be read, or is in another encoding.
    """
    try:
        return file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise AnnotationError(f"{file}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise AnnotationError(f"{file}, line {line}: not UTF-8; save it as text in UTF-8") from error


def names_photos(text: str) -> bool:
    """Tell a format that names each caption's photo from plain lines of captions, by the first line with text."""
    first = _first_line(text)
    fields = _fields(first)
    return bool(JSON_START.match(first) or TOKEN_LINE.fullmatch(first) or (len(fields) > 1 and "caption" in fields))


def _rows(text: str, file: Path) -> Iterable[CaptionRow]:
    """Choose the reader by the first line that is not blank."""
    first = _first_line(text)
    if not first:
        raise EmptyDataError(f"{file}: the file is empty")
    if first[0] in "{[":
        return _json_rows(text, first, file)
    if TOKEN_LINE.fullmatch(first):
        return read_token_txt(text, file)
    if set(COLUMNS) <= _fields(first):
        return read_captions_csv(text, file)
    raise AnnotationError(
        f"{file}, line 1: no known format. Known are CSV with the header image,caption; Flickr8k's token.txt; the JSON "
        f"of COCO and of Karpathy; and metadata.jsonl (here: {first[:60]!r})"
    )


def _first_line(text: str) -> str:
    return next((line.strip() for line in _lines(text) if line.strip()), "")


def _fields(header: str) -> set[str]:
    return {field.strip().strip('"').lower() for field in header.split(",")}


def _lines(text: str) -> Iterator[str]:
    """Give line after line without splitting all of a large file."""
    return (match[0] for match in re.finditer(r"[^\n]+", text))


def _json_rows(text: str, first: str, file: Path) -> Iterable[CaptionRow]:
    content: Any
    try:
        content = json.loads(first)
    except json.JSONDecodeError:
        content = None
    if isinstance(content, dict) and "file_name" in content:
        return read_metadata_jsonl(text, file)
    try:
        content = json.loads(text)
    except json.JSONDecodeError as error:
        raise AnnotationError(f"{file}, line {error.lineno}: not valid JSON ({error.msg}); is it complete?") from error
    images = content.get("images") if isinstance(content, dict) else None
    if isinstance(images, list) and isinstance(content.get("annotations"), list):
        return read_coco(content, file)
    if isinstance(images, list) and images and isinstance(images[0], dict) and "sentences" in images[0]:
        return read_karpathy(content, file)
    raise AnnotationError(
        f"{file}: JSON with captions has `images` and `annotations` (COCO), or `images` with `sentences`"
    )


def _located(name: str, folders: Sequence[Path]) -> Path:
    """Find a photo where its name says, or by its last part in one of the folders.

    COCO's 2017 release calls COCO_val2014_000000391895.jpg 000000391895.jpg, and may keep it in train2017.
    """
    if _is_file(stated := folders[0] / name):
        return stated
    short = Path(name).name
    plain = re.sub(r"^COCO_(train|val|test)\d{4}_", "", short)
    candidates = (folder / part for part in dict.fromkeys((short, plain)) for folder in folders)
    return next((path for path in candidates if _is_file(path)), stated)


def _is_file(path: Path) -> bool:
    return os.path.isfile(path)  # noqa: PTH113 (Path.is_file raises where a name is too long)
