"""The whole config file: the sections that all modalities share, and those of each modality."""

from typing import Self

from pydantic import model_validator

from captioner.config.decoder import DecoderConfig
from captioner.config.image import ImageConfig, ImageEncoderConfig, PhotoDataConfig
from captioner.config.photo_text import PhotoSentenceDataConfig, PhotoTextEncoderConfig
from captioner.config.search import SearchConfig
from captioner.config.section import Section
from captioner.config.self_critical import SelfCriticalConfig
from captioner.config.speech import SpeechDataConfig, SpeechEncoderConfig
from captioner.config.text import SentenceDataConfig, TextEncoderConfig
from captioner.config.training import TrainingConfig
from captioner.config.video import VideoDataConfig, VideoEncoderConfig

EncoderConfig = (
    ImageEncoderConfig
    | TextEncoderConfig
    | PhotoTextEncoderConfig
    | SpeechEncoderConfig
    | VideoEncoderConfig
)
ENCODERS: dict[str, type[EncoderConfig]] = {
    "image": ImageEncoderConfig,
    "text": TextEncoderConfig,
    "photo+text": PhotoTextEncoderConfig,
    "speech": SpeechEncoderConfig,
    "video": VideoEncoderConfig,
}
"""The settings of each kind of encoder."""


class Config(Section):
    """One experiment: the sections that are the same for every modality."""

    decoder: DecoderConfig = DecoderConfig()
    search: SearchConfig = SearchConfig()
    training: TrainingConfig = TrainingConfig()
    self_critical: SelfCriticalConfig = SelfCriticalConfig()


class PhotoConfig(Config):
    """An experiment with photos and captions."""

    data: PhotoDataConfig = PhotoDataConfig()
    image: ImageConfig = ImageConfig()
    encoder: ImageEncoderConfig = ImageEncoderConfig()

    @model_validator(mode="after")
    def _texts_can_be_read(self) -> Self:
        if self.data.has_texts and not self.encoder.concepts:
            raise ValueError(
                "data.texts: what a text is about is told by concepts: set encoder.concepts, too"
            )
        if self.data.has_texts and self.self_critical.weight == 1:
            raise ValueError(
                "data.texts: self-critical training rewards captions of photos alone: leave texts"
                " out"
            )
        return self


class SentenceConfig(Config):
    """An experiment with sentences and translations."""

    data: SentenceDataConfig = SentenceDataConfig()
    encoder: TextEncoderConfig = TextEncoderConfig()


class PhotoSentenceConfig(Config):
    """An experiment with sentences, photos beside some of them, and translations."""

    data: PhotoSentenceDataConfig = PhotoSentenceDataConfig()
    image: ImageConfig = ImageConfig()
    encoder: PhotoTextEncoderConfig = PhotoTextEncoderConfig()


class SpeechConfig(Config):
    """An experiment with recordings and transcripts."""

    data: SpeechDataConfig = SpeechDataConfig()
    encoder: SpeechEncoderConfig = SpeechEncoderConfig()


class VideoConfig(Config):
    """An experiment with clips, and their captions or labels."""

    data: VideoDataConfig = VideoDataConfig()
    image: ImageConfig = ImageConfig()
    encoder: VideoEncoderConfig = VideoEncoderConfig()


Experiment = PhotoConfig | SentenceConfig | PhotoSentenceConfig | SpeechConfig | VideoConfig
EXPERIMENTS: dict[str, type[Experiment]] = {
    "image": PhotoConfig,
    "text": SentenceConfig,
    "photo+text": PhotoSentenceConfig,
    "speech": SpeechConfig,
    "video": VideoConfig,
}
"""What an experiment holds, by `encoder.kind`."""
