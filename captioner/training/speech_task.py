"""The task of transcribing speech: its data, batches, scores, and what a model's card says."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from captioner.config import SpeechConfig
from captioner.data.batching import EpochPlan, plan_buckets
from captioner.data.concatenation import concatenate_utterances, single_utterances
from captioner.data.utterance import Utterance
from captioner.data.utterances import read_utterances
from captioner.errors import ConfigError
from captioner.metrics.transcript import ACCURACY, TranscriptScorer
from captioner.model.captioner_model import CaptionerModel
from captioner.preprocess.tokenization import (
    train_bpe_tokenizer,
    train_word_tokenizer,
    with_new_words,
)
from captioner.terminal import print_told
from captioner.training.model_card import CardTexts
from captioner.training.recordings import Recordings
from captioner.training.reward import TranscriptReward

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

LIMITS = """The model knows the words, the voices and the rooms of its training recordings and no
others: where something else is said, in another language, or nothing at all, it writes the words
that it knows. Accents, children's voices, music and several voices at once were not measured. Do
not rely on it where a wrong word can do harm."""


class SpeechTask:
    """Transcribes speech; the attributes are those of `Task`.

    Args:
        config: The experiment.

    Raises:
        ConfigError: The config names no recordings.
        DataError: The data cannot be used.
        MissingExtraError: jiwer is not installed.
    """

    selection_metric, second_metric = ACCURACY, "WER"
    languages: Sequence[str] = ()  # there is only one language
    val_languages: Sequence[str] = ()
    num_groups = 1  # the texts of a batch have similar lengths already
    from_features = False

    def __init__(self, config: SpeechConfig) -> None:
        self.config = config
        data, seed = config.data, config.training.seed
        train, val = _read(data.train, "train"), _read(data.val, "val")
        self._texts = [one.text for one in train]
        longest = data.max_concatenated
        self._train = concatenate_utterances(
            train, data.num_concatenated, longest, seed
        ) or single_utterances(train)
        self._val = single_utterances(val) + concatenate_utterances(
            val, data.num_val_concatenated, longest, seed
        )
        self.targets = [(one.text,) for one in self._train]
        self.val_targets = [(one.text,) for one in self._val]
        self.val_names = [" ".join(takes[0].name for takes in one.takes) for one in self._val]
        self.scorer = TranscriptScorer(dict(enumerate(one.text for one in self._val)))

    def train_tokenizer(
        self, known: "PreTrainedTokenizerFast | None" = None
    ) -> "PreTrainedTokenizerFast":
        """Learn the words or subwords of the texts, or add words to a known tokenizer."""
        data = self.config.data
        if data.units == "subwords":
            return known or train_bpe_tokenizer(self._texts, data.max_vocab_size)
        if known is not None:
            return with_new_words(known, self._texts, data.min_word_count, data.max_vocab_size)
        return train_word_tokenizer(self._texts, data.min_word_count, data.max_vocab_size)

    def prepare(
        self, initial: CaptionerModel | None, tokenizer: "PreTrainedTokenizerFast"
    ) -> SpeechConfig:
        """Return the settings as they are."""
        return self.config

    def open(self, model: CaptionerModel) -> None:
        """Prepare to read the files."""
        self.train = Recordings(self._train, self.config, training=True)
        self.val = Recordings(self._val, self.config, training=False)

    def plan(self, lengths: Sequence[int], epoch: int) -> EpochPlan:
        """Put recordings with texts of similar length into one batch, and shuffle the batches."""
        settings = self.config.training
        plan = plan_buckets(lengths, lengths, settings.batch_tokens, settings.seed, epoch)
        return EpochPlan(plan.batches, [epoch] * len(lengths))

    def reward(self, weights: Mapping[str, float]) -> TranscriptReward:
        """Return the reward of sampled transcripts."""
        return TranscriptReward(self.targets, weights)

    def card(self) -> CardTexts:
        """Describe the recordings and how they are read."""
        data, encoder = self.config.data, self.config.encoder
        recurrent = " and a recurrent layer" if encoder.recurrent else ""
        return CardTexts(
            task="automatic-speech-recognition",
            languages=[data.language] if data.language else [],
            data=data.name or Path(data.train).name,
            summary=(
                f"An attention LSTM that writes what is said, on {encoder.num_strides} strided"
                f" convolutions, {encoder.num_blocks} residual ones{recurrent}."
            ),
            weights="float16 safetensors",
            inputs=f"{encoder.num_mels} log-mel bands of speech at {encoder.sample_rate_hz:,} Hz,"
            " segments of at most "
            f"{encoder.max_segment_s:g} s; other recordings are resampled, and cut at their pauses",
            items="recordings",
            limits=LIMITS,
        )


def _read(path: str, field: str) -> list[Utterance]:
    if not path:
        raise ConfigError(
            f"data.{field} is empty: set it in the config, or write data.{field}=PATH behind it"
        )
    utterances = read_utterances(Path(path))
    spoken = [one for one in utterances if one.text.strip()]
    if silent := len(utterances) - len(spoken):
        print_told(
            f"{silent:,} of {len(utterances):,} recordings of data.{field} left out: they have no"
            " text"
        )
    return spoken
