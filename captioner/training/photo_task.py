"""The task of captioning photos: its data, batches, scores, and what a model's card says."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from jaxtyping import Int
from torch import Tensor

from captioner.config import ImageConfig, PhotoConfig
from captioner.data.batching import LENGTH_GROUPS, EpochPlan, mix_texts, plan_epoch
from captioner.data.examples import CaptionExample
from captioner.errors import ModelError
from captioner.model.captioner_model import CaptionerModel
from captioner.modules.encoders import ImageEncoder
from captioner.preprocess.casing import learn_casing
from captioner.preprocess.tokenization import train_word_tokenizer, with_new_words, words_of
from captioner.training.cached_features import CachedFeatures
from captioner.training.concepts import (
    NUM_DRAWS,
    FittedConcepts,
    detected_concepts,
    draw_photos,
    fit_concepts,
)
from captioner.training.dataset import PhotoSet, read_dataset
from captioner.training.kept_concepts import kept_concepts, key_of
from captioner.training.model_card import CardTexts
from captioner.training.photos import (
    AugmentedPhotos,
    ConceptPhotos,
    PhotosOfExamples,
    affordable_views,
    open_photos,
)
from captioner.training.reward import CaptionReward
from captioner.training.sets_scorer import SetsScorer

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

LIMITS = """The model knows the words and scenes of its training captions and no others. Shown
anything else it names the nearest thing that it knows, and its probabilities do not tell the two
cases apart. It repeats the habits of those captions, for instance in what they say of people's sex
and age. Do not rely on it where a wrong description can do harm."""


class PhotoTask:
    """Writes captions of photos; the attributes are those of `Task`.

    Args:
        config: The experiment.

    Raises:
        DataError: The data cannot be used.
    """

    selection_metric, second_metric = "CIDEr", "BLEU-4"
    num_groups = LENGTH_GROUPS

    def __init__(self, config: PhotoConfig) -> None:
        self.config = config
        self._data = read_dataset(config.data)
        self._num_examples = len(self._data.train)
        self.targets = [example.captions for example in self._data.train] + [
            (text,) for text in self._data.texts
        ]
        self.val_targets = [example.captions for example in self._data.val]
        self.val_names = [example.image.name for example in self._data.val]
        self.scorer = SetsScorer(
            [(one.name, [example.captions for example in one.val]) for one in self._data.sets]
        )
        self.languages, self.val_languages = self._languages()
        self.from_features = False
        self._photos = _numbered(self._data.train)
        self._opened: CachedFeatures | AugmentedPhotos | None = None
        self._concepts: FittedConcepts | None = None
        self._drawn = torch.zeros(0, NUM_DRAWS, dtype=torch.int32)

    def _languages(self) -> tuple[list[str], list[str]]:
        """Return the language of each training example, texts included, and validation example."""
        sets = self._data.sets
        if not self._data.has_languages:
            return [], []
        train = [one.language for one in sets for _ in one.train]
        texts = [one.language for one in sets for _ in one.texts]
        return train + texts, [one.language for one in sets for _ in one.val]

    def train_tokenizer(
        self, known: "PreTrainedTokenizerFast | None" = None
    ) -> "PreTrainedTokenizerFast":
        """Learn the words of the training captions and texts, or add them to a known tokenizer."""
        captions = [caption for several in self.targets for caption in several]
        data = self.config.data
        limits = data.min_word_count, data.max_vocab_size, sorted(set(self.languages))
        if known is not None:
            return with_new_words(known, captions, *limits)
        return train_word_tokenizer(captions, *limits)

    def prepare(
        self, initial: CaptionerModel | None, tokenizer: "PreTrainedTokenizerFast"
    ) -> PhotoConfig:
        """Choose the words to detect, if the config asks for any, and fit a detector."""
        if not self.config.encoder.concepts:
            return self.config
        if initial is None:
            encoder = ImageEncoder(self.config.encoder.model_copy(update={"concepts": 0}))
            encoder.load_published()
        elif isinstance(initial.encoder, ImageEncoder):
            encoder = initial.encoder
        else:
            raise ModelError(
                f"photos need an image encoder, this model has one of kind {initial.kind}"
            )
        self._opened = self._open_training(encoder, encoder.normalised_for(self.config.image))
        self._concepts = self._concepts_of(encoder, tokenizer, self._data.sets[0].language)
        if self._data.texts:
            self._drawn = torch.cat(
                [
                    self._drawn_for(one, self._concepts, encoder, tokenizer)
                    for one in self._data.sets
                    if one.texts
                ]
            )
        encoder_config = self.config.encoder.model_copy(
            update={"concept_words": self._concepts.words}
        )
        self.config = self.config.model_copy(update={"encoder": encoder_config})
        return self.config

    def _drawn_for(
        self,
        one: PhotoSet,
        concepts: FittedConcepts,
        encoder: ImageEncoder,
        tokenizer: "PreTrainedTokenizerFast",
    ) -> Int[Tensor, "texts draws"]:
        """Draw photos that each text of a set may describe, by detected words of its language.

        For another language than the first set's, detectors are fitted for this purpose alone.
        """
        if one.language != self._data.sets[0].language:
            concepts = self._concepts_of(encoder, tokenizer, one.language)
        texts = [words_of(text, tokenizer) for text in one.texts]
        return draw_photos(texts, concepts, self.config.training.seed)

    def _concepts_of(
        self, encoder: ImageEncoder, tokenizer: "PreTrainedTokenizerFast", language: str
    ) -> FittedConcepts:
        """Return the concepts of a language: what the known detector finds, or newly fitted ones.

        The model's own detector knows words of the first set's language only.
        """
        cache, captions, seed = self._opened, self._captions_of(language), self.config.training.seed
        assert isinstance(cache, CachedFeatures)  # only a frozen backbone has a detector
        is_first = language == self._data.sets[0].language
        known = encoder.config.concept_words if is_first else ()
        fitted = encoder.detector if is_first and encoder.config.concepts else None

        def fit() -> FittedConcepts:
            words = [[words_of(caption, tokenizer) for caption in several] for several in captions]
            return fit_concepts(cache.pooled(), words, known, seed, fitted)

        if fitted is not None and self.config.data.unseen:
            return detected_concepts(cache.pooled(), known, fitted)
        rules = tokenizer.backend_tokenizer.to_str()
        key = key_of([cache.digest, captions, known, rules, seed], fitted)
        return kept_concepts(self._cache_folder / f"{key}.concepts.safetensors", fit)

    def _captions_of(self, language: str) -> list[list[str]]:
        """Return the captions of each photo in a language."""
        captions: list[list[str]] = [[] for _ in self._photos]
        for one in self._data.sets:
            if one.language == language:
                for example in one.train:
                    captions[self._photos[example.image]] += example.captions
        return captions

    def open(self, model: CaptionerModel) -> None:
        """Cache the photos' features, or prepare to decode the photos, by the image settings."""
        encoder = model.encoder
        if not isinstance(encoder, ImageEncoder):
            raise ModelError(
                f"photos need an image encoder, this model has one of kind {model.kind}"
            )
        self.config = self.config.model_copy(update={"image": model.image_config})
        model.config.casing = self._casing(model)
        opened = self._opened or self._open_training(encoder, model.image_config)
        photos = PhotosOfExamples(
            opened, [self._photos[example.image] for example in self._data.train]
        )
        judged = _numbered(self._data.val)
        self.val = PhotosOfExamples(
            open_photos(list(judged), encoder, self.config, self._cache_folder, training=False),
            [judged[example.image] for example in self._data.val],
        )
        self.from_features = isinstance(opened, CachedFeatures)
        self.train: PhotosOfExamples | ConceptPhotos = photos
        if self._concepts is not None:
            encoder.detector.load_state_dict(self._concepts.detector.state_dict())
            self.train = ConceptPhotos(photos, self._concepts.held_out, self._drawn)

    def _casing(self, model: CaptionerModel) -> dict[str, dict[str, str]]:
        """Return the casing of each named language's words."""
        assert model.tokenizer is not None  # `build_model` has set it
        known = model.tokenizer.get_vocab()
        texts: dict[str, list[str]] = {language: [] for language in sorted(set(self.languages))}
        for language, several in zip(self.languages, self.targets, strict=False):
            texts[language] += several
        return {
            language: {word: form for word, form in learn_casing(one).items() if word in known}
            for language, one in texts.items()
        }

    def _open_training(
        self, encoder: ImageEncoder, image: ImageConfig
    ) -> CachedFeatures | AugmentedPhotos:
        config = self.config.model_copy(update={"image": image})
        num_val = len(_numbered(self._data.val))
        most_views = affordable_views(encoder, config, len(self._photos), num_val)
        photos, folder = list(self._photos), self._cache_folder
        return open_photos(photos, encoder, config, folder, True, most_views)

    @property
    def _cache_folder(self) -> Path:
        return Path(self.config.data.cache or Path(self.config.training.output) / "features")

    def plan(self, lengths: Sequence[int], epoch: int) -> EpochPlan:
        """Shuffle the photos, choose a view of each, and put texts among them."""
        settings, data = self.config.training, self.config.data
        weights = [one.weight for one in self._data.sets for _ in one.train]
        plan = plan_epoch(
            self._num_examples,
            settings.batch_size,
            self.train.num_views,
            settings.seed,
            epoch,
            weights,
        )
        if not self._data.texts:
            return plan
        captions_shown = sum(
            weight * len(one) for weight, one in zip(weights, self.targets, strict=False)
        )
        batch_texts = max(1, round(settings.batch_size * captions_shown / sum(weights)))
        return mix_texts(
            plan, len(self._data.texts), batch_texts, data.text_weight, settings.seed, epoch
        )

    def reward(self, weights: Mapping[str, float]) -> CaptionReward:
        """Return the reward of sampled captions."""
        examples = self._num_examples
        return CaptionReward(self.targets[:examples], weights, self.languages[:examples])

    def card(self) -> CardTexts:
        """Describe the photos and how they are read."""
        encoder, image, data = self.config.encoder, self.config.image, self.config.data
        stage = encoder.trainable_from
        state = "frozen" if stage is None else f"fine-tuned from stage {stage}"
        return CardTexts(
            task="image-to-text",
            languages=sorted(set(self.languages)) or ["en"],
            data=data.name or Path(data.captions or data.images).name,
            summary="An attention LSTM that writes a sentence about a photo, on features of"
            f" `{encoder.backbone}` ({state}).",
            weights="float16 safetensors; a frozen backbone comes from where it was published",
            inputs=f"{image.width} x {image.height} pixels; photos of other shapes are fitted by"
            f" `{image.resize}`",
            items="photos",
            limits=LIMITS,
        )


def _numbered(examples: Sequence[CaptionExample]) -> dict[Path, int]:
    """Number the photos of examples in their order, each once."""
    return {photo: n for n, photo in enumerate(dict.fromkeys(one.image for one in examples))}
