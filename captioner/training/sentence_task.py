"""The task of translating sentences: its data, batches, scores, and what a model's card says."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from captioner.config import PhotoSentenceConfig, SentenceConfig, TextEncoderConfig
from captioner.data.batching import EpochPlan, plan_buckets
from captioner.metrics.translation import TranslationScorer
from captioner.model.captioner_model import CaptionerModel
from captioner.preprocess.text import SourceTokens, pad_sources
from captioner.preprocess.tokenization import train_bpe_tokenizer
from captioner.preprocess.verbatim import known_words
from captioner.terminal import print_told
from captioner.training.directions import read_directions
from captioner.training.model_card import CardTexts
from captioner.training.reward import TranslationReward
from captioner.training.sets_scorer import SetsScorer
from captioner.training.task import Sources

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

LIMITS = """The model knows the words and the kind of sentences of its training data and no others:
shown another kind of text, it invents. It repeats the habits of those sentences, for instance in
what they say of people's sex. Do not rely on it where a wrong translation can do harm."""


class SentenceTask:
    """Writes translations of sentences; the attributes are those of `Task`.

    Args:
        config: The experiment.

    Raises:
        ConfigError: The config names no sentences.
        DataError: The data cannot be used.
    """

    selection_metric, second_metric = "BLEU", "chrF"
    num_groups = 1  # the texts of a batch have similar lengths already
    from_features = False

    def __init__(self, config: SentenceConfig | PhotoSentenceConfig) -> None:
        self.config: SentenceConfig | PhotoSentenceConfig = config
        self._directions = read_directions(config.data)
        self._train = [pair for one in self._directions for pair in one.train]
        self.targets = [(pair.target,) for pair in self._train]
        judged = [one for one in self._directions if one.val]
        self._val = [pair for one in judged for pair in one.val]
        self.val_targets = [(pair.target,) for pair in self._val]
        self.val_names = [pair.source for pair in self._val]
        written = {target for _, target in config.data.directions()}
        self._written = sorted(written) if len(written) > 1 else []
        self.languages = (
            [one.target_language for one in self._directions for _ in one.train]
            if self._written
            else []
        )
        self.val_languages = (
            [one.target_language for one in judged for _ in one.val] if self._written else []
        )
        references = [(one.name, [(pair.target,) for pair in one.val]) for one in judged]
        self.scorer = SetsScorer(references, TranslationScorer)

    def train_tokenizer(
        self, known: "PreTrainedTokenizerFast | None" = None
    ) -> "PreTrainedTokenizerFast":
        """Learn subwords of all languages together; an existing tokenizer is kept."""
        if known is not None:
            return known
        texts = {text for pair in self._train for text in (pair.source, pair.target)}
        return train_bpe_tokenizer(sorted(texts), self.config.data.max_vocab_size, self._written)

    def prepare(
        self, initial: CaptionerModel | None, tokenizer: "PreTrainedTokenizerFast"
    ) -> SentenceConfig | PhotoSentenceConfig:
        """Return the settings as they are."""
        return self.config

    def open(self, model: CaptionerModel) -> None:
        """Turn the sources into token ids, and tell the model which languages it translates."""
        limit = self._reader.max_positions - 1
        model.config.directions = [
            list(pair) for pair in self.config.data.directions() if all(pair)
        ]
        model.config.known_words = known_words(pair.source for pair in self._train)
        train = TokenisedSentences([pair.source for pair in self._train], model, limit)
        if train.num_cut:
            print_told(f"{train.num_cut:,} training sources cut off behind {limit} tokens")
        self._lengths = train.lengths
        self.train: Sources = train
        self.val: Sources = TokenisedSentences([pair.source for pair in self._val], model, limit)

    @property
    def _reader(self) -> TextEncoderConfig:
        encoder = self.config.encoder
        return encoder if isinstance(encoder, TextEncoderConfig) else encoder.text

    def plan(self, lengths: Sequence[int], epoch: int) -> EpochPlan:
        """Put sentences of similar length into one batch, and shuffle the batches."""
        settings = self.config.training
        weights = [one.weight for one in self._directions for _ in one.train]
        return plan_buckets(
            lengths, self._lengths, settings.batch_tokens, settings.seed, epoch, weights
        )

    def reward(self, weights: Mapping[str, float]) -> TranslationReward:
        """Return the reward of sampled translations."""
        return TranslationReward(self.targets, weights)

    def card(self) -> CardTexts:
        """Describe the sentences."""
        data, encoder = self.config.data, self._reader
        pairs = data.directions()
        ways = ", ".join(f"{source} to {target}" for source, target in pairs if source and target)
        languages = list(dict.fromkeys(language for pair in pairs for language in pair if language))
        return CardTexts(
            task="translation",
            languages=languages,
            data=data.name or ", ".join(Path(one.source).name for one in data.all_sets().values()),
            summary=(
                f"An attention LSTM that writes a translation ({ways or 'languages not stated'}),"
                f" on {encoder.num_layers} gated convolutions over the source."
            ),
            weights="float16 safetensors",
            inputs=f"sentences of at most {encoder.max_positions} tokens; longer texts are cut at"
            " sentence ends",
            items="sentences",
            limits=LIMITS,
        )


class TokenisedSentences:
    """Sources as token ids.

    Attributes:
        lengths: Number of tokens of each, EOS included.
        num_cut: Number of sentences that were longer than allowed.

    Args:
        texts: Sentences.
        model: Its tokenizer is used.
        limit: The most tokens of a sentence; the rest is cut off.
    """

    def __init__(self, texts: Sequence[str], model: CaptionerModel, limit: int) -> None:
        ids = model.tokenize(texts, limit + 1)
        self.num_cut = sum(len(one) > limit for one in ids)
        self._ids = [one[:limit] for one in ids]
        self._special = model.config.eos_token_id, model.config.pad_token_id
        self.lengths = [len(ids) + 1 for ids in self._ids]

    def load(self, numbers: Sequence[int], views: Sequence[int], seed: int) -> SourceTokens:
        """Return a padded batch; a sentence has one view, and nothing is random."""
        return pad_sources([self._ids[number] for number in numbers], *self._special)
