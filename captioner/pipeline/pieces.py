"""Translates pieces of sentences, and turns subwords back into words with their attention."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from captioner.config import SearchConfig
from captioner.modules.encoders import PhotoTextEncoder, text_encoder_of
from captioner.modules.memory import Memory
from captioner.pipeline.result import Candidate
from captioner.pipeline.subword_attention import attention_when_read, over_source_words, summed
from captioner.preprocess.image import Pixels
from captioner.preprocess.text import IllustratedSentences, Piece, pad_sources
from captioner.preprocess.tokenization import words_of_subwords
from captioner.preprocess.typography import with_quotes_of
from captioner.search import Hypothesis

if TYPE_CHECKING:
    from captioner.model.captioner_model import CaptionerModel

BATCH_SIZE = 128  # pieces

PhotoFeatures = Float[Tensor, "height width channels"]
"""The backbone's features of a photo."""


class Way(NamedTuple):
    """How a sentence is translated.

    Attributes:
        source: The language to read.
        target: The language to write.
        photo: The features of the photo that the sentence is about; None without a photo.
    """

    source: str
    target: str
    photo: PhotoFeatures | None = None


class PieceTranslator:
    """Translates pieces that fit the model.

    Args:
        model: A model that reads sentences.
    """

    def __init__(self, model: "CaptionerModel") -> None:
        encoder = text_encoder_of(model.encoder)
        assert encoder is not None  # `Translator` has checked it
        self._model = model
        self._limit = encoder.config.max_positions - 1  # EOS takes one

    def see(self, photo: Pixels) -> PhotoFeatures:
        """Run the backbone on a photo, which is most of the work; all texts about it share this."""
        assert isinstance(self._model.encoder, PhotoTextEncoder)  # `Translator` has checked it
        pixels = torch.from_numpy(photo).to(self._model.device, self._model.dtype)
        with torch.inference_mode():
            features: PhotoFeatures = self._model.encoder.photo.features(pixels.unsqueeze(0))[0]
        return features

    def fits(self, text: str) -> bool:
        """Tell whether a text is short enough for the model to read it as one piece."""
        return len(self._model.tokenize([text], self._limit + 1)[0]) <= self._limit

    def translate(
        self, pieces: Sequence[tuple[Piece, Way]], search: SearchConfig
    ) -> list[tuple[Candidate, ...]]:
        """Translate pieces, each as its `Way` says; pieces of similar length share a batch."""
        ids = self._model.tokenize([piece.reading.text for piece, _ in pieces], self._limit)
        order = sorted(range(len(pieces)), key=lambda number: len(ids[number]))
        found: list[tuple[Candidate, ...]] = [()] * len(pieces)
        for start in range(0, len(order), BATCH_SIZE):
            batch = order[start : start + BATCH_SIZE]
            translated = self._translate(
                [pieces[number] for number in batch], [ids[number] for number in batch], search
            )
            for number, candidates in zip(batch, translated, strict=True):
                found[number] = candidates
        return found

    def _translate(
        self,
        pieces: Sequence[tuple[Piece, Way]],
        ids: Sequence[Sequence[int]],
        search: SearchConfig,
    ) -> list[tuple[Candidate, ...]]:
        """Translate one batch."""
        targets = [way.target for _, way in pieces]
        with torch.inference_mode():
            memory = self._encode(ids, [way.photo for _, way in pieces])
            found = self._model.search(
                memory, search, targets if self._model.config.language_ids else ()
            )
        return [
            tuple(
                self._candidate(one, piece, self._model.tokens(source), target)
                for one in hypotheses
            )
            for (piece, _), source, target, hypotheses in zip(
                pieces, ids, targets, found, strict=True
            )
        ]

    def _encode(
        self, ids: Sequence[Sequence[int]], photos: Sequence[PhotoFeatures | None]
    ) -> Memory:
        """Encode a batch, with the photos that some of its pieces have."""
        config, device, encoder = self._model.config, self._model.device, self._model.encoder
        sentences = pad_sources(ids, config.eos_token_id, config.pad_token_id).to(device)
        if not isinstance(encoder, PhotoTextEncoder):
            return self._model.encode(sentences)
        once = {id(photo): photo for photo in photos if photo is not None}
        rows = {key: row for row, key in enumerate(once)}
        numbers = torch.tensor([rows.get(id(photo), -1) for photo in photos], device=device)
        seen = torch.stack(list(once.values())) if once else None
        return encoder.embed(IllustratedSentences(sentences, seen, numbers))

    def _candidate(
        self, hypothesis: Hypothesis, piece: Piece, source_tokens: Sequence[str], target: str
    ) -> Candidate:
        text = with_quotes_of(target, self._model.decode([hypothesis])[0], piece.reading.text)
        if piece.reading.in_capitals:
            text = text.upper()
        words = text.split()
        groups = words_of_subwords(self._model.tokens(hypothesis.token_ids))
        counts = np.array([max(1, groups.count(word)) for word in range(len(words))], np.float32)
        weights = hypothesis.attention_weights.float().cpu().numpy()
        if self._model.config.shifted_attention:
            weights = attention_when_read(weights)
        over_words = over_source_words(weights, source_tokens, piece)
        attention = summed(over_words, groups, len(words), axis=0) / counts[:, None]
        log_probs = np.array(hypothesis.token_log_probs[: len(groups)])
        return Candidate(
            text=text,
            log_prob=hypothesis.log_prob,
            words=tuple(words),
            word_log_probs=tuple(summed(log_probs, groups, len(words), axis=0).tolist()),
            attention=attention.astype(np.float32),
        )
