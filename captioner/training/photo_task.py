"""Photos and captions as something to learn."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from captioner.config import PhotoConfig
from captioner.data.batching import LENGTH_GROUPS, EpochPlan, plan_epoch
from captioner.errors import ModelError
from captioner.metrics import Scorer
from captioner.model.captioner_model import CaptionerModel
from captioner.modules.encoders import ImageEncoder
from captioner.preprocess.tokenization import train_word_tokenizer
from captioner.training.dataset import read_dataset
from captioner.training.model_card import CardTexts
from captioner.training.naming import count_habits
from captioner.training.photos import CachedPhotos, open_photos
from captioner.training.reward import CaptionReward

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

LIMITS = """The model knows the words and scenes of its training captions and no others. Shown anything else it names
the nearest thing that it knows, and its probabilities do not tell the two cases apart. It repeats the habits of those
captions, for instance in what they say of people's sex and age. Do not rely on it where a wrong description can do
harm."""


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
        self.targets = [example.captions for example in self._data.train]
        self.val_targets = [example.captions for example in self._data.val]
        self.scorer = Scorer(dict(enumerate(self.val_targets)))
        self.from_features = False

    def train_tokenizer(self) -> "PreTrainedTokenizerFast":
        """Learn the words that the training captions use."""
        captions = [caption for several in self.targets for caption in several]
        return train_word_tokenizer(captions, self.config.data.min_word_count, self.config.data.max_vocab_size)

    def open(self, model: CaptionerModel) -> None:
        """Cache the photos' features, or make ready to decode them; the image settings become the model's."""
        encoder = model.encoder
        if not isinstance(encoder, ImageEncoder):
            raise ModelError(f"photos need an image encoder, this model has one of kind {model.kind}")
        self.config = self.config.model_copy(update={"image": model.image_config})
        cache = Path(self.config.data.cache or Path(self.config.training.output) / "features")
        train, val = ([example.image for example in part] for part in (self._data.train, self._data.val))
        self.train = open_photos(train, encoder, self.config, cache, training=True)
        self.val = open_photos(val, encoder, self.config, cache, training=False)
        self.from_features = isinstance(self.train, CachedPhotos)
        if encoder.config.concepts:
            model.config.naming = count_habits(self.targets, self.train, model)

    def plan(self, lengths: Sequence[int], epoch: int) -> EpochPlan:
        """Shuffle the photos, and choose a view of each."""
        settings = self.config.training
        return plan_epoch(len(lengths), settings.batch_size, self.train.num_views, settings.seed, epoch)

    def reward(self, weights: Mapping[str, float]) -> CaptionReward:
        """Return what judges sampled captions."""
        return CaptionReward(self.targets, weights)

    def card(self) -> CardTexts:
        """Say what the photos were and how they are read."""
        encoder, image, data = self.config.encoder, self.config.image, self.config.data
        stage = encoder.trainable_from
        state = "frozen" if stage is None else f"fine-tuned from stage {stage}"
        return CardTexts(
            task="image-to-text",
            languages=["en"],
            data=data.name or Path(data.captions).name,
            summary=f"An attention LSTM that writes a sentence about a photo, on features of `{encoder.backbone}` "
            f"({state}).",
            weights="float16 safetensors; a frozen backbone comes from where it was published",
            inputs=f"{image.width} x {image.height} pixels; photos of other shapes are fitted by `{image.resize}`",
            items="photos",
            limits=LIMITS,
        )
