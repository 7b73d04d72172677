"""Reads the captioned photos of a run, and checks them before anything slow begins."""

import filecmp
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from captioner.config import PhotoDataConfig, PhotoSetConfig
from captioner.data.examples import (
    CaptionExample,
    check_images,
    first_few,
    is_divided,
    read_captions,
    select_split,
)
from captioner.data.parallel_text import read_lines
from captioner.errors import ConfigError, DataError, EmptyDataError
from captioner.training.holding_out import hold_out

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class PhotoSet:
    """One set of photos with captions.

    Attributes:
        name: Its name in the config; empty for the first set.
        train: Training examples.
        val: Validation examples; empty where the set is for training alone.
        weight: How often each training photo is shown in an epoch.
        language: Language code of the captions; empty where the config does not say.
        texts: Captions without photos, in that language.
    """

    name: str
    train: list[CaptionExample]
    val: list[CaptionExample]
    weight: float
    language: str
    texts: list[str]


@dataclass(frozen=True)
class Dataset:
    """The training and validation examples of a run.

    Attributes:
        sets: Photos with captions, and captions without photos beside them.
    """

    sets: list[PhotoSet]

    @property
    def has_languages(self) -> bool:
        """Whether the model is told in which language to write."""
        return any(one.language for one in self.sets)

    @property
    def train(self) -> list[CaptionExample]:
        """The training examples of all sets, set by set."""
        return [example for one in self.sets for example in one.train]

    @property
    def val(self) -> list[CaptionExample]:
        """The validation examples of all sets, set by set."""
        return [example for one in self.sets for example in one.val]

    @property
    def texts(self) -> list[str]:
        """The captions without photos of all sets, set by set."""
        return [text for one in self.sets for text in one.texts]


def read_dataset(config: PhotoDataConfig) -> Dataset:
    """Read the captions, choose the splits, and check that every photo is there.

    Where no training split is given, all photos but those for validation are trained on. Where no
    validation split is given either, and there is one set, a tenth of its photos is held out.

    Raises:
        ConfigError: The config names neither captions nor photos, or only some sets' languages.
        DataError: They cannot be used, or a photo is for training and for validation.
    """
    is_given = config.captions or config.images or not config.sets
    sets = [_read_set("", config, "data", needs_val=not config.sets)] if is_given else []
    sets += [
        _read_set(name, one, f"data.sets.{name}", needs_val=False)
        for name, one in config.sets.items()
    ]
    data = Dataset(sets)
    if data.has_languages and not all(one.language for one in sets):
        without = ", ".join(one.name or "the first set" for one in sets if not one.language)
        raise ConfigError(f"data: some sets name a language and others do not: {without}")
    if not data.val:
        raise EmptyDataError(
            "no set has validation photos: set val_split or val_captions of one of them"
        )
    check_images(data.train + data.val)
    _check_apart(data.train, data.val)
    return data


def read_texts(file: Path) -> list[str]:
    """Read captions without photos, one per line, each from behind the line's last tab.

    Raises:
        AnnotationError: The file cannot be read.
        EmptyDataError: It holds no text.
    """
    texts = [text for line in read_lines(file) if (text := line.rpartition("\t")[2].strip())]
    if not texts:
        raise EmptyDataError(f"{file}: it holds no texts")
    return texts


def _read_set(set_name: str, config: PhotoSetConfig, where: str, needs_val: bool) -> PhotoSet:
    captions = config.captions or config.images
    if not captions:
        raise ConfigError(
            f"{where}.captions is empty: set it in the config, or write {where}.captions=PATH"
            " behind it"
        )
    examples = read_captions(Path(captions), _folder_of_photos(config, captions))
    has_splits = is_divided(examples)
    train = _select(examples, config.train_split, f"{where}.train_split", "train")
    if config.val_captions:
        own = read_captions(
            Path(config.val_captions), _folder_of_photos(config, config.val_captions)
        )
        own_is_divided = bool(config.val_split) or is_divided(own)
        val = _select(own, config.val_split, f"{where}.val_split", "val") if own_is_divided else own
    elif needs_val and not (config.val_split or config.train_split or has_splits):
        check_images(examples)
        train, val = hold_out(examples)
        logger.warning(
            "%s: %d of %d photos are kept for validation, as no split is given",
            captions,
            len(val),
            len(examples),
        )
    elif needs_val or config.val_split or has_splits:
        val = _select(examples, config.val_split, f"{where}.val_split", "val")
        if not config.train_split and not has_splits:
            train = _without(train, val)
    else:
        val = []
    texts = [text for file in config.texts for text in read_texts(Path(file))]
    return PhotoSet(set_name, train, val, config.weight, config.language, texts)


def _folder_of_photos(config: PhotoSetConfig, captions: str) -> Path:
    """Return the folder that photo names are relative to."""
    return Path(config.images or (captions if Path(captions).is_dir() else ""))


def _select(
    examples: list[CaptionExample], names: str, field: str, split: str
) -> list[CaptionExample]:
    try:
        return select_split(examples, Path(names) if names else None, split)
    except EmptyDataError as error:
        raise EmptyDataError(str(error) if names else f"{error}: set {field} to it") from error


def _without(train: list[CaptionExample], val: list[CaptionExample]) -> list[CaptionExample]:
    held_out = {example.image for example in val}
    rest = [example for example in train if example.image not in held_out]
    if not rest:
        raise EmptyDataError("all photos are for validation: list fewer of them in data.val_split")
    return rest


def _check_apart(train: list[CaptionExample], val: list[CaptionExample]) -> None:
    """Check that no validation photo is trained on, also under another name."""
    both = _copies([example.image for example in train], [example.image for example in val])
    if both:
        names = first_few([photo.name for photo in both])
        where = f"{len(both)} of {len(val)} validation photos are trained on as well"
        raise DataError(f"{where}: {names}; take them out of the training photos")


def _copies(photos: Sequence[Path], judged: Sequence[Path]) -> list[Path]:
    """Return the photos that are among the validation photos, by file or by content."""
    by_size: dict[int, set[Path]] = {}
    for photo in judged:
        by_size.setdefault(photo.stat().st_size, set()).add(photo)
    return [
        photo
        for photo in photos
        if any(
            photo == other or filecmp.cmp(photo, other, False)
            for other in by_size.get(photo.stat().st_size, ())
        )
    ]
