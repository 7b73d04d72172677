"""All settings of an experiment: what each one means, and which values it takes.

A TOML file holds one table per section (`[data]`, `[encoder]`, `[decoder]`, `[search]`,
`[training]`, `[self_critical]`, and `[image]` for photos and clips). Every field has a default, and
an unknown field is an error. `encoder.kind` says the modality. The fields of `[data]` and
`[encoder]` depend on it, all others do not. `section.key=value` on the command line overrides the
file. A model's `training_config.json` holds the same tables as JSON.
"""

from captioner.config.decoder import DecoderConfig
from captioner.config.experiment import (
    ENCODERS,
    EXPERIMENTS,
    Config,
    EncoderConfig,
    Experiment,
    PhotoConfig,
    PhotoSentenceConfig,
    SentenceConfig,
    SpeechConfig,
    VideoConfig,
)
from captioner.config.image import ImageConfig, ImageEncoderConfig, PhotoDataConfig, PhotoSetConfig
from captioner.config.loading import CONFIGS, changed, chosen_by_kind, load_config, validated
from captioner.config.photo_text import PhotoSentenceDataConfig, PhotoTextEncoderConfig
from captioner.config.search import SearchConfig
from captioner.config.section import Section, without_folder
from captioner.config.self_critical import SelfCriticalConfig
from captioner.config.speech import SpeechDataConfig, SpeechEncoderConfig
from captioner.config.text import SentenceDataConfig, SentenceSetConfig, TextEncoderConfig
from captioner.config.training import TrainingConfig
from captioner.config.video import VideoDataConfig, VideoEncoderConfig

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
    "PhotoSentenceConfig",
    "PhotoSentenceDataConfig",
    "PhotoSetConfig",
    "PhotoTextEncoderConfig",
    "SearchConfig",
    "Section",
    "SelfCriticalConfig",
    "SentenceConfig",
    "SentenceDataConfig",
    "SentenceSetConfig",
    "SpeechConfig",
    "SpeechDataConfig",
    "SpeechEncoderConfig",
    "TextEncoderConfig",
    "TrainingConfig",
    "VideoConfig",
    "VideoDataConfig",
    "VideoEncoderConfig",
    "changed",
    "chosen_by_kind",
    "load_config",
    "validated",
    "without_folder",
]
