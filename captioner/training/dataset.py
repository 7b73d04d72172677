"""The examples that a run trains and validates on, read and checked before anything costs time."""

from dataclasses import dataclass
from pathlib import Path

from captioner.config import DataConfig
from captioner.data.examples import CaptionExample, check_images, read_captions, select_split
from captioner.errors import ConfigError


@dataclass(frozen=True)
class Dataset:
    """What a run learns from and is judged by."""

    train: list[CaptionExample]
    val: list[CaptionExample]


def read_dataset(config: DataConfig) -> Dataset:
    """Read the captions, choose the splits and see that every photo is there.

    Raises:
        ConfigError: The config names no captions or no photos.
        DataError: They cannot be used.
    """
    for name in ("captions", "images"):
        if not getattr(config, name):
            raise ConfigError(f"data.{name} is empty: set it in the config, or write data.{name}=PATH behind it")
    examples = read_captions(Path(config.captions), Path(config.images))
    train = select_split(examples, Path(config.train_split) if config.train_split else None, "train")
    val = select_split(examples, Path(config.val_split) if config.val_split else None, "val")
    check_images(train + val)
    return Dataset(train, val)
