"""The task of captioning or labelling clips: its data, scores, and what a model's card says."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from captioner.config import VideoConfig, VideoDataConfig
from captioner.data.batching import LENGTH_GROUPS, EpochPlan, plan_epoch
from captioner.data.clips import ClipExample, in_groups, in_list, read_clips
from captioner.data.views import View, views_of
from captioner.errors import ConfigError, DataError, EmptyDataError, ModelError
from captioner.metrics import Scorer
from captioner.metrics.accuracy import ACCURACY, MEAN_CLASS_ACCURACY, AccuracyScorer
from captioner.model.captioner_model import CaptionerModel
from captioner.modules.encoders import VideoEncoder
from captioner.preprocess.frames import ClipPreprocessor
from captioner.preprocess.tokenization import (
    train_label_tokenizer,
    train_word_tokenizer,
    with_new_words,
)
from captioner.training.cached_features import CachedFeatures
from captioner.training.model_card import CardTexts
from captioner.training.reward import CaptionReward

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

LIMITS = """The model knows what it was trained on and nothing else: shown any other clip, it names
the nearest thing that it knows, and its probabilities do not tell the two cases apart. It looks at
{num_frames} frames of a clip, however long that is, so what lasts for a moment may fall between
them. It goes by scenes and things as much as by movements. Do not rely on it where a wrong word can
do harm."""


class VideoTask:
    """Writes captions of clips, or names their actions; the attributes are those of `Task`.

    A label is a sentence of one word, so both are trained and decoded alike. Only their scores
    differ.

    Args:
        config: The experiment.

    Raises:
        ConfigError: The config names no clips, or not which ones are for validation.
        DataError: The data cannot be used.
    """

    from_features = True
    languages: Sequence[str] = ()  # there is only one language
    val_languages: Sequence[str] = ()

    def __init__(self, config: VideoConfig) -> None:
        self.config = config
        self._train, self._val = read_splits(config.data)
        self.targets = [example.texts for example in self._train]
        self.val_targets = [example.texts for example in self._val]
        self.val_names = [example.clip.name for example in self._val]
        texts = dict(enumerate(self.val_targets))
        self._names_labels = not config.data.captions
        self.scorer: AccuracyScorer | Scorer[int]
        if self._names_labels:
            self.scorer = AccuracyScorer({number: label for number, (label,) in texts.items()})
            self.selection_metric, self.second_metric = ACCURACY, MEAN_CLASS_ACCURACY
            self.num_groups = 1
        else:
            self.scorer = Scorer(texts)
            self.selection_metric, self.second_metric = "CIDEr", "BLEU-4"
            self.num_groups = LENGTH_GROUPS

    def train_tokenizer(
        self, known: "PreTrainedTokenizerFast | None" = None
    ) -> "PreTrainedTokenizerFast":
        """Learn the labels, or the words of the captions, or add words to a known tokenizer."""
        texts, data = [text for several in self.targets for text in several], self.config.data
        if self._names_labels:
            return known or train_label_tokenizer(texts)
        if known is not None:
            return with_new_words(known, texts, data.min_word_count, data.max_vocab_size)
        return train_word_tokenizer(texts, data.min_word_count, data.max_vocab_size)

    def prepare(
        self, initial: CaptionerModel | None, tokenizer: "PreTrainedTokenizerFast"
    ) -> VideoConfig:
        """Return the settings as they are."""
        return self.config

    def open(self, model: CaptionerModel) -> None:
        """Cache the features of the clips' frames; the image settings become the model's."""
        encoder = model.encoder
        if not isinstance(encoder, VideoEncoder):
            raise ModelError(f"clips need a video encoder, this model has one of kind {model.kind}")
        self.config = self.config.model_copy(update={"image": model.image_config})
        settings = self.config.training
        cache = Path(self.config.data.cache or Path(settings.output) / "features")
        self.train, self.val = (
            CachedFeatures(
                [example.clip for example in examples],
                views,
                encoder,
                ClipPreprocessor(self.config.image, encoder.config.num_frames),
                cache,
                settings.num_workers,
            )
            for examples, views in (
                (self._train, views_of(settings.flips, settings.crops)),
                (self._val, (View(),)),
            )
        )

    def plan(self, lengths: Sequence[int], epoch: int) -> EpochPlan:
        """Shuffle the clips, and choose a view of each."""
        settings = self.config.training
        return plan_epoch(
            len(lengths), settings.batch_size, self.train.num_views, settings.seed, epoch
        )

    def reward(self, weights: Mapping[str, float]) -> CaptionReward:
        """Return the reward of sampled captions.

        Raises:
            ConfigError: The model learns labels.
        """
        if self._names_labels:
            raise ConfigError(
                "self_critical.weight: labels are learnt by cross-entropy alone: leave it at 0"
            )
        return CaptionReward(self.targets, weights)

    def card(self) -> CardTexts:
        """Describe the clips and how they are read."""
        encoder, image, data = self.config.encoder, self.config.image, self.config.data
        does = (
            "names the action in a clip" if self._names_labels else "writes a sentence about a clip"
        )
        return CardTexts(
            task="video-classification" if self._names_labels else "video-text-to-text",
            languages=["en"],
            data=data.name or Path(data.videos).name,
            summary=f"An attention LSTM that {does}. It attends to {encoder.num_frames} frames: to"
            " the features that "
            f"`{encoder.backbone}` (frozen) has of each, behind convolutions over time.",
            weights="float16 safetensors; the frozen backbone comes from where it was published",
            inputs=f"{encoder.num_frames} frames, spread evenly over the clip, of {image.width} x"
            f" {image.height} pixels; other shapes are fitted by `{image.resize}`",
            items="clips",
            limits=LIMITS.format(num_frames=encoder.num_frames),
        )


def read_splits(config: VideoDataConfig) -> tuple[list[ClipExample], list[ClipExample]]:
    """Read the clips, and choose those for training and those for validation.

    Raises:
        ConfigError: The config names no clips, or not which ones are for validation.
        DataError: They cannot be used, or a clip is for both.
    """
    if not config.videos:
        raise ConfigError(
            "data.videos is empty: set it in the config, or write data.videos=DIR behind it"
        )
    examples = read_clips(Path(config.videos), Path(config.captions) if config.captions else None)
    val = _select(examples, config.val_split, config.val_groups, "val")
    if val is None:
        raise ConfigError(
            "set data.val_split or data.val_groups: nothing says which clips are for validation"
        )
    train = _select(examples, config.train_split, config.train_groups, "train")
    judged = {example.clip for example in val}
    if train is None:
        train = [example for example in examples if example.clip not in judged]
    if not train:
        raise EmptyDataError("all clips are for validation: leave some for training")
    if both := [example.clip.name for example in train if example.clip in judged]:
        raise DataError(
            f"{len(both):,} of {len(val):,} validation clips are trained on as well, such as"
            f" {both[0]}"
        )
    return train, val


def _select(
    examples: Sequence[ClipExample], names: str, groups: Sequence[int], split: str
) -> list[ClipExample] | None:
    """Choose clips by a list, by groups or by the captions' splits; None if none is given."""
    if names:
        return in_list(examples, Path(names))
    if groups:
        return in_groups(examples, groups)
    return [example for example in examples if example.split == split] or None
