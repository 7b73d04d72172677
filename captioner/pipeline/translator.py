"""Sentences to translations: the object behind `load("multi30k-en-de")`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import torch
from numpy.typing import NDArray

from captioner.config import SearchConfig, validated
from captioner.errors import ModelError
from captioner.modules.encoders import TextEncoder
from captioner.pipeline.result import Candidate, ChainedCandidate, TranslationResult
from captioner.preprocess.text import pad_sources, split_text
from captioner.preprocess.tokenization import words_of_pieces
from captioner.search import Hypothesis

if TYPE_CHECKING:
    from captioner.model.captioner_model import CaptionerModel

BATCH_SIZE = 128


class Translator:
    """Writes translations of sentences.

    Args:
        model: A loaded model.
        name: What it is called in results.

    Raises:
        ModelError: The model reads no sentences.
    """

    def __init__(self, model: "CaptionerModel", name: str) -> None:
        if not isinstance(model.encoder, TextEncoder):
            raise ModelError(f"model {name!r} reads no sentences: its encoder is of kind {model.kind}")
        self.model = model.train(False)
        self.name = name
        self._limit = model.encoder.config.max_positions - 1  # EOS takes one

    def options(self, **changes: Any) -> SearchConfig:
        """Return the model's own search options with some of them changed.

        Raises:
            ConfigError: An option is unknown or out of range.
        """
        return validated(SearchConfig, {**self.model.search_config.model_dump(), **changes}, "search options")

    @overload
    def translate(self, texts: str, **options: Any) -> TranslationResult: ...

    @overload
    def translate(self, texts: Sequence[str], **options: Any) -> list[TranslationResult]: ...

    def translate(self, texts: str | Sequence[str], **options: Any) -> TranslationResult | list[TranslationResult]:
        """Translate one text, or a list of them.

        A text that is too long for the model is cut at sentence ends and translated piece by piece. White space counts
        as one space, and none at the ends, as in what models learn from.

        Args:
            texts: A sentence, or a list of them.
            **options: Fields of `SearchConfig`, such as `beam_size`, `num_captions` or `max_length`.

        Returns:
            One result, or a list of them for a list.

        Raises:
            ConfigError: An option is unknown or out of range.
        """
        search = self.options(**options)
        if isinstance(texts, str):
            return self.translate_texts([texts], search)[0]
        return self.translate_texts(texts, search)

    def translate_texts(self, texts: Sequence[str], search: SearchConfig) -> list[TranslationResult]:
        """Translate texts; those of similar length go through the model together."""
        parts = [split_text(_plain(text), self._fits) for text in texts]
        flat = [part for several in parts for part in several]
        ids = self.model.tokenize(flat, self._limit)
        order = sorted((number for number, part in enumerate(flat) if part), key=lambda number: len(ids[number]))
        found: list[tuple[Candidate, ...]] = [(NOTHING,)] * len(flat)
        for start in range(0, len(order), BATCH_SIZE):
            batch = order[start : start + BATCH_SIZE]
            translated = self._translate([flat[n] for n in batch], [ids[n] for n in batch], search)
            for number, candidates in zip(batch, translated, strict=True):
                found[number] = candidates
        done = iter(zip(flat, found, strict=True))
        return [_result(text, [next(done) for _ in several]) for text, several in zip(texts, parts, strict=True)]

    def _fits(self, text: str) -> bool:
        return len(self.model.tokenize([text], self._limit + 1)[0]) <= self._limit

    def _translate(
        self, texts: Sequence[str], ids: Sequence[Sequence[int]], search: SearchConfig
    ) -> list[tuple[Candidate, ...]]:
        """Translate one batch of texts that are not empty."""
        sources = pad_sources(ids, self.model.config.eos_token_id, self.model.config.pad_token_id)
        with torch.inference_mode():
            memory = self.model.encode(sources.to(self.model.device))
            found = self.model.search(memory, search)
        return [
            tuple(self._candidate(one, text, self.model.pieces(source)) for one in hypotheses)
            for text, source, hypotheses in zip(texts, ids, found, strict=True)
        ]

    def _candidate(self, hypothesis: Hypothesis, source: str, source_pieces: Sequence[str]) -> Candidate:
        text = self.model.decode([hypothesis])[0]
        words = text.split()
        groups = words_of_pieces(self.model.pieces(hypothesis.token_ids))
        counts = np.array([groups.count(word) for word in range(len(words))], np.float32)
        weights = _of_pieces_read(hypothesis.attention_weights.float().cpu().numpy())[:, : len(source_pieces)]
        looks = _summed(weights, words_of_pieces(source_pieces), len(source.split()), axis=1)
        attention = _summed(looks, groups, len(words), axis=0) / np.maximum(counts, 1)[:, None]
        log_probs = np.array(hypothesis.token_log_probs[: len(groups)])
        return Candidate(
            text=text,
            log_prob=hypothesis.log_prob,
            words=tuple(words),
            word_log_probs=tuple(_summed(log_probs, groups, len(words), axis=0).tolist()),
            attention=attention.astype(np.float32),
        )


def _of_pieces_read(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give each piece the look that followed it; the last one, behind which no word was written, keeps its own.

    A query is made of the pieces written so far, and finds the source of the newest: the source of the next one stands
    beside it, within reach of the convolutions. So where a piece came from is seen when it is read, not when it is
    written.

    Source:
        Chen et al. 2020, arXiv:2004.14837, section 3 (Shift-Att).
    """
    return np.concatenate([weights[1:], weights[-1:]])


NOTHING = Candidate("", 0.0, (), (), np.zeros((0, 0), np.float32))


def _plain(text: str) -> str:
    """Return a text with single spaces, and question marks for lone surrogates, which no encoding knows."""
    return " ".join(text.split()).encode(errors="replace").decode()


def _summed(values: NDArray[Any], groups: Sequence[int | None], num_groups: int, axis: int) -> NDArray[Any]:
    """Add up what belongs to one group along an axis; what belongs to none is left out."""
    membership = np.zeros((num_groups, len(groups)), values.dtype)
    for member, group in enumerate(groups):
        if group is not None:
            membership[group, member] = 1
    return membership @ values if axis == 0 else values @ membership.T


def _result(text: str, parts: Sequence[tuple[str, tuple[Candidate, ...]]]) -> TranslationResult:
    """Put the pieces of one text, each with its candidates, together: best with best, second with second."""
    if len(parts) == 1:
        return TranslationResult(parts[0][1], text)
    columns = _first_words(_plain(text), [part for part, _ in parts])
    ranked = zip(*(candidates for _, candidates in parts), strict=True)
    return TranslationResult(tuple(ChainedCandidate(rank, columns) for rank in ranked), text, num_pieces=len(parts))


def _first_words(text: str, parts: Sequence[str]) -> list[int]:
    """Return the word of the text, counted from 0, that each of its pieces begins in."""
    first_words, end, num_words = [], 0, 0
    for part in parts:
        start = text.index(part, end)
        within = start > 0 and not text[start - 1].isspace()  # the cut went through a word
        first_words.append(num_words - within)
        end, num_words = start + len(part), num_words - within + len(part.split())
    return first_words
