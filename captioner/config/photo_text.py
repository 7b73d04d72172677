"""The settings of sentences with photos beside them: where they are, and the two encoders."""

from typing import ClassVar, Literal, Self

from pydantic import model_validator

from captioner.config.image import ImageEncoderConfig
from captioner.config.section import Section
from captioner.config.text import SentenceDataConfig, TextEncoderConfig


class PhotoSentenceDataConfig(SentenceDataConfig):
    """Where sentences, their translations and the photos beside them are.

    JSON lines name a sentence's photo as `photo`, beside `source` and `target`; a row without one,
    like a set in another form, has none.
    """

    PATHS: ClassVar[dict[str, str]] = {**SentenceDataConfig.PATHS, "images": "DIR", "cache": "DIR"}

    images: str = ""
    """Folder that the names of photos are relative to. Empty: they are paths from here."""
    cache: str = ""
    """Folder of the feature cache. Empty: inside the run's folder."""


class PhotoTextEncoderConfig(Section):
    """Two encoders: one reads a sentence, one the photo beside it, if there is one."""

    kind: Literal["photo+text"] = "photo+text"
    """The modality."""
    photo: ImageEncoderConfig = ImageEncoderConfig()
    """What reads the photo, with a frozen backbone. A run that begins with a model of photos takes
    that model's settings."""
    text: TextEncoderConfig = TextEncoderConfig()
    """What reads the sentence; the memory is as wide as its own."""

    @property
    def dim(self) -> int:
        """Width of the memory that the decoder attends to."""
        return self.text.dim

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.photo.trainable_from is not None:
            raise ValueError("photo.trainable_from: beside sentences the backbone is frozen")
        return self
