"""All settings of an experiment: what a TOML file may say, what it means, which values it takes.

A file holds one table per section (`[data]`, `[encoder]`, `[decoder]`, `[search]`, `[training]`,
`[self_critical]`, and `[image]` for photos and clips); every field has a default, an unknown one is
an error. `encoder.kind` tells the modality: with it the fields of `[data]` and `[encoder]` change,
all others are the same for photos, sentences, recordings and clips. `section.key=value` on the
command line overrides the file. A model's `training_config.json` holds the same tables as JSON.
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
