"""The examples that a run trains and validates on, read and checked before anything costs time."""

from dataclasses import dataclass
from pathlib import Path

from captioner.config import PhotoDataConfig
from captioner.data.examples import CaptionExample, check_images, read_captions, select_split
from captioner.errors import ConfigError, DataError, EmptyDataError

NAMES_SHOWN = 3


@dataclass(frozen=True)
class Dataset:
    """What a run learns from and is judged by."""

    train: list[CaptionExample]
    val: list[CaptionExample]


def read_dataset(config: PhotoDataConfig) -> Dataset:
    """Read the captions, choose the splits and see that every photo is there.

    Where nothing says which photos to train on, it is all but those of validation.

    Raises:
        ConfigError: The config names no captions or no photos.
        DataError: They cannot be used, or a photo is for training and for validation.
    """
    for name in ("captions", "images"):
        if not getattr(config, name):
            raise ConfigError(f"data.{name} is empty: set it in the config, or write data.{name}=PATH behind it")
    examples = read_captions(Path(config.captions), Path(config.images))
    train = _select(examples, config.train_split, "train")
    if config.val_captions:
        own = read_captions(Path(config.val_captions), Path(config.images))
        is_divided = bool(config.val_split) or any(example.split for example in own)
        val = _select(own, config.val_split, "val") if is_divided else own
    else:
        val = _select(examples, config.val_split, "val")
        if not config.train_split and not any(example.split for example in examples):
            train = _without(train, val)
    _check_apart(train, val)
    check_images(train + val)
    return Dataset(train, val)


def _select(examples: list[CaptionExample], names: str, split: str) -> list[CaptionExample]:
    try:
        return select_split(examples, Path(names) if names else None, split)
    except EmptyDataError as error:
        raise EmptyDataError(str(error) if names else f"{error}: set data.{split}_split to it") from error


def _without(train: list[CaptionExample], val: list[CaptionExample]) -> list[CaptionExample]:
    held_out = {example.image for example in val}
    rest = [example for example in train if example.image not in held_out]
    if not rest:
        raise EmptyDataError("all photos are for validation: list fewer of them in data.val_split")
    return rest


def _check_apart(train: list[CaptionExample], val: list[CaptionExample]) -> None:
    """See that no photo is trained on that the run is judged by."""
    judged = {example.image for example in val}
    both = [example.image.name for example in train if example.image in judged]
    if both:
        names = ", ".join(both[:NAMES_SHOWN]) + (", ..." if len(both) > NAMES_SHOWN else "")
        where = f"{len(both)} of {len(val)} validation photos are trained on as well"
        raise DataError(f"{where}: {names}; take them out of the training photos")
