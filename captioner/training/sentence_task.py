"""Sentences and translations as something to learn."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from captioner.config import SentenceConfig
from captioner.data.batching import EpochPlan, plan_buckets
from captioner.data.parallel_text import SentencePair, keep_trainable, read_parallel
from captioner.errors import ConfigError
from captioner.metrics.translation import TranslationScorer
from captioner.model.captioner_model import CaptionerModel
from captioner.preprocess.text import SourceTokens, pad_sources
from captioner.preprocess.tokenization import train_bpe_tokenizer
from captioner.preprocess.typography import plain_text
from captioner.preprocess.verbatim import known_words
from captioner.training.model_card import CardTexts
from captioner.training.reward import TranslationReward

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

LIMITS = """The model knows the words and the kind of sentences of its training data and no others: shown another kind
of text, it invents. It repeats the habits of those sentences, for instance in what they say of people's sex. Do not
rely on it where a wrong translation can do harm."""


class SentenceTask:
    """Writes translations of sentences; the attributes are those of `Task`.

    Args:
        config: The experiment.

    Raises:
        ConfigError: The config names no sentences.
        DataError: The data cannot be used.
    """

    selection_metric, second_metric = "BLEU", "chrF"
    num_groups = 1  # a batch is of one length already
    from_features = False

    def __init__(self, config: SentenceConfig) -> None:
        self.config = config
        data = config.data
        pairs = _read(data.source, data.target, "source")
        self._train, dropped = keep_trainable(pairs, data.max_words, data.max_ratio)
        for reason, count in dropped.items():
            print(f"{count:,} of {len(pairs):,} training pairs left out: {reason}", flush=True)
        self._val = _read(data.val_source, data.val_target, "val_source")
        self.targets = [(pair.target,) for pair in self._train]
        self.val_targets = [(pair.target,) for pair in self._val]
        self.scorer = TranslationScorer(dict(enumerate(self.val_targets)))

    def train_tokenizer(self) -> "PreTrainedTokenizerFast":
        """Learn the pieces that both languages are made of."""
        texts = [text for pair in self._train for text in (pair.source, pair.target)]
        return train_bpe_tokenizer(texts, self.config.data.max_vocab_size)

    def prepare(self, initial: CaptionerModel | None, tokenizer: "PreTrainedTokenizerFast") -> SentenceConfig:
        """Return the settings as they are."""
        return self.config

    def open(self, model: CaptionerModel) -> None:
        """Turn the sources into token ids, and tell the model between which languages it translates."""
        data, limit = self.config.data, self.config.encoder.max_positions - 1
        if data.source_language and data.target_language:
            model.config.directions = [[data.source_language, data.target_language]]
        model.config.known_words = known_words(pair.source for pair in self._train)
        self.train = TokenisedSentences([pair.source for pair in self._train], model, limit)
        self.val = TokenisedSentences([pair.source for pair in self._val], model, limit)
        if self.train.num_cut:
            print(f"{self.train.num_cut:,} training sources cut off behind {limit} tokens", flush=True)

    def plan(self, lengths: Sequence[int], epoch: int) -> EpochPlan:
        """Put sentences of similar length into one batch, and shuffle the batches."""
        settings = self.config.training
        return plan_buckets(lengths, self.train.lengths, settings.batch_tokens, settings.seed, epoch)

    def reward(self, weights: Mapping[str, float]) -> TranslationReward:
        """Return what judges sampled translations."""
        return TranslationReward(self.targets, weights)

    def card(self) -> CardTexts:
        """Say what the sentences were."""
        data, encoder = self.config.data, self.config.encoder
        languages = [language for language in (data.source_language, data.target_language) if language]
        return CardTexts(
            task="translation",
            languages=languages,
            data=data.name or Path(data.source).name,
            summary=(
                f"An attention LSTM that writes a translation ({' to '.join(languages) or 'languages not stated'}), on "
                f"{encoder.num_layers} gated convolutions over the source."
            ),
            weights="float16 safetensors",
            inputs=f"sentences of at most {encoder.max_positions} tokens; longer texts are cut at sentence ends",
            items="sentences",
            limits=LIMITS,
        )


class TokenisedSentences:
    """Sources as token ids.

    Attributes:
        lengths: Tokens of each, EOS included.
        num_cut: How many were longer than allowed.

    Args:
        texts: Sentences.
        model: Whose tokenizer cuts them.
        limit: The most tokens of one; the rest is cut off.
    """

    def __init__(self, texts: Sequence[str], model: CaptionerModel, limit: int) -> None:
        ids = model.tokenize(texts, limit + 1)
        self.num_cut = sum(len(one) > limit for one in ids)
        self._ids = [one[:limit] for one in ids]
        self._special = model.config.eos_token_id, model.config.pad_token_id
        self.lengths = [len(ids) + 1 for ids in self._ids]

    def load(self, numbers: Sequence[int], views: Sequence[int], seed: int) -> SourceTokens:
        """Return a padded batch; there is one view of a sentence, and no chance."""
        return pad_sources([self._ids[number] for number in numbers], *self._special)


def _read(source: str, target: str, field: str) -> list[SentencePair]:
    if not source:
        raise ConfigError(f"data.{field} is empty: set it in the config, or write data.{field}=PATH behind it")
    pairs = read_parallel(Path(source), Path(target) if target else None)
    return [SentencePair(plain_text(pair.source), pair.target) for pair in pairs]
