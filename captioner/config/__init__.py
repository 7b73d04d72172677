"""All settings of an experiment: what a TOML file may say, what each field means and which values it takes.

A file holds one table per section (`[data]`, `[encoder]`, `[decoder]`, `[search]`, `[training]`, `[self_critical]`, and
`[image]` for photos); every field has a default, an unknown one is an error. `encoder.kind` tells the sense: with it
the fields of `[data]` and `[encoder]` change, all others are the same for photos, sentences and recordings.
`section.key=value` on the command line overrides the file. A model's `training_config.json` holds the same tables as
JSON.
"""

from captioner.config.loading import CONFIGS, chosen_by_kind, load_config, validated
from captioner.config.sections import (
    ENCODERS,
    EXPERIMENTS,
    Config,
    DecoderConfig,
    EncoderConfig,
    Experiment,
    ImageConfig,
    ImageEncoderConfig,
    PhotoConfig,
    PhotoDataConfig,
    SearchConfig,
    SelfCriticalConfig,
    SentenceConfig,
    SentenceDataConfig,
    SpeechConfig,
    TextEncoderConfig,
    TrainingConfig,
)
from captioner.config.speech import SpeechDataConfig, SpeechEncoderConfig

__all__ = [
    "CONFIGS",
    "ENCODERS",
    "EXPERIMENTS",
    "Config",
    "DecoderConfig",
    "EncoderConfig",
    "Experiment",
    "ImageConfig",
    "ImageEncoderConfig",
    "PhotoConfig",
    "PhotoDataConfig",
    "SearchConfig",
    "SelfCriticalConfig",
    "SentenceConfig",
    "SentenceDataConfig",
    "SpeechConfig",
    "SpeechDataConfig",
    "SpeechEncoderConfig",
    "TextEncoderConfig",
    "TrainingConfig",
    "chosen_by_kind",
    "load_config",
    "validated",
]
