"""The task of translating sentences with photos: what photos add to the task of sentences."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from captioner.config import PhotoSentenceConfig
from captioner.data.parallel_text import SentencePair
from captioner.data.views import View
from captioner.errors import ConfigError, loading_model
from captioner.model.captioner_model import CaptionerModel
from captioner.modules.encoders import ImageEncoder, PhotoTextEncoder
from captioner.preprocess.image import ImagePreprocessor
from captioner.preprocess.text import IllustratedSentences
from captioner.training.cached_features import CachedFeatures
from captioner.training.model_card import CardTexts
from captioner.training.sentence_task import SentenceTask
from captioner.training.task import Sources

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


class PhotoSentenceTask(SentenceTask):
    """Writes translations of sentences, some with photos; the attributes are those of `Task`.

    Args:
        config: The experiment.

    Raises:
        ConfigError: The config names no sentences.
        DataError: The data cannot be used.
    """

    from_features = True

    def __init__(self, config: PhotoSentenceConfig) -> None:
        super().__init__(config)
        self.config: PhotoSentenceConfig = config
        self._seeing: ImageEncoder | None = None

    def prepare(
        self, initial: CaptionerModel | None, tokenizer: "PreTrainedTokenizerFast"
    ) -> PhotoSentenceConfig:
        """Return the settings; those for photos come from the model with which the run begins.

        Raises:
            ConfigError: That model does not read photos.
        """
        name = self.config.training.initial_photo_model
        begins = initial
        if name:
            with loading_model(f"training.initial_photo_model: {name!r}"):
                begins = CaptionerModel.from_pretrained(name)
            if not isinstance(begins.encoder, ImageEncoder):
                raise ConfigError(
                    f"training.initial_photo_model: {name} is a model of kind {begins.kind}: give"
                    " one of photos"
                )
            self._seeing = begins.encoder
        encoder = None if begins is None else begins.encoder
        seeing = encoder.photo if isinstance(encoder, PhotoTextEncoder) else self._seeing
        if begins is not None and seeing is not None:
            photo = self.config.encoder.model_copy(update={"photo": seeing.config})
            update = {"encoder": photo, "image": begins.image_config}
            self.config = self.config.model_copy(update=update)
        return self.config

    def open(self, model: CaptionerModel) -> None:
        """Turn the sources into token ids, and cache the features of the photos."""
        super().open(model)
        assert isinstance(model.encoder, PhotoTextEncoder)  # the settings say so
        if self._seeing is not None:
            model.encoder.photo.load_state_dict(self._seeing.state_dict())
        self.config = self.config.model_copy(update={"image": model.image_config})
        self.train = self._illustrated(self.train, self._train, model.encoder.photo)
        self.val = self._illustrated(self.val, self._val, model.encoder.photo)

    def _illustrated(
        self, sentences: Sources, pairs: Sequence[SentencePair], encoder: ImageEncoder
    ) -> "IllustratedSources":
        folder, settings = Path(self.config.data.images), self.config.training
        photos = {
            name: n for n, name in enumerate(dict.fromkeys(one.photo for one in pairs if one.photo))
        }
        features = CachedFeatures(
            [folder / name for name in photos],
            (View(),),
            encoder,
            ImagePreprocessor(self.config.image),
            Path(self.config.data.cache or Path(settings.output) / "features"),
            settings.num_workers,
        )
        return IllustratedSources(
            sentences, features, [photos.get(pair.photo, -1) for pair in pairs]
        )

    def card(self) -> CardTexts:
        """Describe the sentences and photos."""
        texts, image = super().card(), self.config.image
        backbone = self.config.encoder.photo.backbone
        return replace(
            texts,
            summary=f"{texts.summary} It looks at a photo beside the sentence, too, where there is"
            f" one, by features of `{backbone}` (frozen).",
            weights="float16 safetensors; the frozen backbone comes from where it was published",
            inputs=f"{texts.inputs}; photos of {image.width} x {image.height} pixels, others are"
            f" fitted by `{image.resize}`",
        )


class IllustratedSources:
    """Sentences with the features of the photos beside them.

    Args:
        sentences: The sentences as token ids.
        features: Features of the photos, each once.
        numbers: The photo of each sentence; -1 where there is none.
    """

    def __init__(
        self, sentences: Sources, features: CachedFeatures, numbers: Sequence[int]
    ) -> None:
        self._sentences, self._features, self._numbers = sentences, features, numbers

    def load(self, numbers: Sequence[int], views: Sequence[int], seed: int) -> IllustratedSentences:
        """Return a batch that holds each of its photos once."""
        wanted = [self._numbers[number] for number in numbers]
        photos = sorted({photo for photo in wanted if photo >= 0})
        rows = {photo: row for row, photo in enumerate(photos)}
        return IllustratedSentences(
            self._sentences.load(numbers, views, seed),
            self._features.load(photos, [0] * len(photos), seed) if photos else None,
            torch.tensor([rows.get(photo, -1) for photo in wanted]),
        )
