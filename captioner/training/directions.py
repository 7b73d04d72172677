"""Reads a run's pairs of sentences, by set and by direction of translation."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from captioner.config import SentenceDataConfig, SentenceSetConfig
from captioner.data.parallel_text import SentencePair, keep_trainable, read_parallel
from captioner.errors import ConfigError
from captioner.preprocess.typography import plain_text
from captioner.terminal import print_told


@dataclass(frozen=True)
class Direction:
    """The pairs of one set in one direction of translation.

    Attributes:
        name: The name of its scores.
        source_language: A code such as en; empty where the config does not say.
        target_language: The same.
        weight: How often each training pair is shown in an epoch.
        train: Training pairs.
        val: Validation pairs; empty where the set is for training alone.
    """

    name: str
    source_language: str
    target_language: str
    weight: float
    train: list[SentencePair]
    val: list[SentencePair]


def read_directions(config: SentenceDataConfig) -> list[Direction]:
    """Read the pairs of all sets; a set that is trained in both directions gives two.

    Raises:
        ConfigError: The config names no sentences, or none to validate on; or there are several
            target languages, and a set does not name its own.
        DataError: The data cannot be used.
    """
    directions = [
        way
        for name, one in config.all_sets().items()
        for way in _read_set(name, one, config.max_words, config.max_ratio)
    ]
    if not any(one.val for one in directions):
        raise ConfigError(
            "data.val_source is empty: set it in the config, or write data.val_source=PATH behind"
            " it"
        )
    languages = {target for _, target in config.directions()}
    if len(languages) > 1 and "" in languages:
        raise ConfigError(
            "data: several languages are to be written: each set needs source_language and"
            " target_language"
        )
    return directions


def _read_set(
    name: str, config: SentenceSetConfig, max_words: int, max_ratio: float
) -> Iterator[Direction]:
    section = f"data.sets.{name}" if name else "data"
    if not config.source:
        raise ConfigError(
            f"{section}.source is empty: set it in the config, or write {section}.source=PATH"
            " behind it"
        )
    pairs = read_parallel(Path(config.source), Path(config.target) if config.target else None)
    val = []
    if config.val_source:
        val = read_parallel(
            Path(config.val_source), Path(config.val_target) if config.val_target else None
        )
    train, dropped = keep_trainable(pairs, max_words, max_ratio)
    for reason, count in dropped.items():
        print_told(
            f"{f'{section}: ' if name else ''}{count:,} of {len(pairs):,} training pairs left out:"
            f" {reason}"
        )
    from_language, to_language = config.source_language, config.target_language
    there = Direction(
        name=f"{name} {from_language}-{to_language}".strip(" -"),
        source_language=from_language,
        target_language=to_language,
        weight=config.weight,
        train=_plain(train),
        val=_plain(val),
    )
    yield there
    if config.both_ways:
        yield replace(
            there,
            name=f"{name} {to_language}-{from_language}".strip(" -"),
            source_language=to_language,
            target_language=from_language,
            train=_plain(_turned(train)),
            val=_plain(_turned(val)),
        )


def _turned(pairs: list[SentencePair]) -> list[SentencePair]:
    return [replace(pair, source=pair.target, target=pair.source) for pair in pairs]


def _plain(pairs: list[SentencePair]) -> list[SentencePair]:
    """Return the pairs with their sources in the spelling that translators read."""
    return [replace(pair, source=plain_text(pair.source)) for pair in pairs]
