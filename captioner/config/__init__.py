"""All settings of an experiment: what a TOML file may say, what each field means and which values it takes.

A file holds one table per section (`[data]`, `[encoder]`, `[decoder]`, `[search]`, `[training]`, `[self_critical]`, and
`[image]` for photos); every field has a default, an unknown one is an error. `encoder.kind` tells the sense: with it
the fields of `[data]` and `[encoder]` change, all others are the same for photos and sentences. `section.key=value` on
the command line overrides the file. A model's `training_config.json` holds the same tables as JSON.
"""

from captioner.config.loading import CONFIGS, chosen_by_kind, load_config, validated
from captioner.config.sections import (
    ENCODERS,
    EXPERIMENTS,
    Config,
    DecoderConfig,
    EncoderConfig,
    ImageConfig,
    ImageEncoderConfig,
    PhotoConfig,
    PhotoDataConfig,
    SearchConfig,
    SelfCriticalConfig,
    SentenceConfig,
    SentenceDataConfig,
    TextEncoderConfig,
    TrainingConfig,
)

__all__ = [
    "CONFIGS",
    "ENCODERS",
    "EXPERIMENTS",
    "Config",
    "DecoderConfig",
    "EncoderConfig",
    "ImageConfig",
    "ImageEncoderConfig",
    "PhotoConfig",
    "PhotoDataConfig",
    "SearchConfig",
    "SelfCriticalConfig",
    "SentenceConfig",
    "SentenceDataConfig",
    "TextEncoderConfig",
    "TrainingConfig",
    "chosen_by_kind",
    "load_config",
    "validated",
]
