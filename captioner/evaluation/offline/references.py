"""Reads references from caption files or plain text, and finds the item that a hypothesis names."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from captioner.data.caption_file import check_plain, named_rows
from captioner.data.examples import composed, examples_of, is_divided, measured_split
from captioner.data.text_file import read_text, whole_characters
from captioner.errors import EmptyDataError, ScoreError, UsageError
from captioner.outputs.coco_results import image_id as coco_number

ItemId = int | str


@dataclass(frozen=True)
class References:
    """What hypotheses are scored against.

    Attributes:
        texts: The references of each item; by COCO's number or the photo's name, or by line in
            plain text.
        photos: Where each item's photo lies, if it lies there; empty for plain text.
        aligned: Whether the items are lines, from 1.
    """

    texts: dict[ItemId, tuple[str, ...]]
    photos: dict[ItemId, Path]
    aligned: bool

    def names(self) -> dict[ItemId, ItemId]:
        """Map each name of an item to its id.

        Names are the number, the name, the name without folder, and the number in a COCO name.

        Names are there as they are, and as `composed` makes them.
        What would name two items is left out, unless it is an id.
        """
        calls = [(call, item) for item in self.texts for call in self._calls(item)]
        times = Counter(call for call, _ in calls)
        return {call: item for call, item in calls if times[call] == 1} | {
            item: item for item in self.texts
        }

    def only(self, items: Collection[ItemId]) -> "References":
        """Return the references of some items, in the order of all."""
        return replace(
            self, texts={item: texts for item, texts in self.texts.items() if item in items}
        )

    def _calls(self, item: ItemId) -> set[ItemId]:
        name = (
            item
            if isinstance(item, str)
            else self.photos[item].name
            if item in self.photos
            else str(item)
        )
        bare = PurePosixPath(name.replace("\\", "/")).name
        return {item, str(item), *map(composed, (str(item), bare, coco_number(bare)))}


def read_references(
    files: Sequence[Path],
    split: str | None = None,
    images: Path | None = None,
    *,
    plain: bool = False,
) -> References:
    """Read one caption file of any format that training reads, or aligned files of plain lines.

    The photos need not be there. Each file is read once, so that it may be a pipe.

    Args:
        files: One caption file, or one or several text files whose lines belong together by number.
            An empty line is no reference, as long as another file has one for that line. `-` is
            standard input.
        split: As in `measured_split`; plain text has none.
        images: Folder of the photos, where they shall be found. None: they are not looked for.
        plain: Whether the lines are captions, whatever they look like.

    Raises:
        UsageError: There is no file, several that are not all plain text, or a split of plain text.
        AnnotationError: A file cannot be read or is malformed.
        EmptyDataError: No references are left.
        ScoreError: Plain files differ in length, or a line has no reference in any of them.
    """
    if not files:
        raise UsageError("no references: give --references FILE")
    texts = {file: read_text(file) for file in files}
    named = (
        {}
        if plain
        else {file: rows for file in files if (rows := named_rows(texts[file], file)) is not None}
    )
    if named and len(files) > 1:
        first = next(iter(named))
        raise UsageError(
            f"{first} names its photos, so that it stands alone; only plain text is aligned by line"
        )
    for file, rows in named.items():
        examples = measured_split(examples_of(rows, file, images), split)
        return References(
            {example.image_id: example.captions for example in examples},
            {example.image_id: example.image for example in examples},
            aligned=False,
        )
    if split is not None:
        raise UsageError(f"{files[0]} is plain text, which has no splits; leave --split out")
    if not plain:
        for file, text in texts.items():
            check_plain(text, file)
    return References(
        _aligned({file: split_lines(whole_characters(text)) for file, text in texts.items()}),
        {},
        True,
    )


def read_training_captions(files: Sequence[Path]) -> list[str]:
    """Read all captions a model was trained on: those of the train split if a file has splits.

    Raises:
        DataError: A file cannot be read or is malformed.
    """
    return [caption for file in files for caption in _training_captions(file)]


def _training_captions(file: Path) -> list[str]:
    text = read_text(file)
    rows = named_rows(text, file)
    if rows is None:
        return split_lines(whole_characters(text))
    examples = examples_of(rows, file, None)
    if is_divided(examples):
        examples = measured_split(examples, "train")
    return [caption for example in examples for caption in example.captions]


def split_lines(text: str) -> list[str]:
    """Split plain text at line ends alone.

    Other characters that Unicode takes for line ends stay within a caption.
    """
    lines = [" ".join(line.split()) for line in text.split("\n")]
    return lines[:-1] if lines[-1] == "" else lines


def _aligned(columns: Mapping[Path, list[str]]) -> dict[ItemId, tuple[str, ...]]:
    first, lines = next(iter(columns.items()))
    for file, column in columns.items():
        if len(column) != len(lines):
            raise ScoreError(
                f"{first} has {len(lines)} lines and {file} has {len(column)}; give one line an"
                " item in each"
            )
    if not lines:
        raise EmptyDataError(f"{first}: the file is empty")
    texts: dict[ItemId, tuple[str, ...]]
    rows = enumerate(zip(*columns.values(), strict=True), start=1)
    texts = {number: tuple(filter(None, row)) for number, row in rows}
    if bare := [number for number, row in texts.items() if not row]:
        raise ScoreError(
            f"{first}, line {bare[0]}: no reference; {len(bare)} lines are empty in all files"
        )
    return texts
