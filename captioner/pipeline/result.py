"""A model's result for one input: candidates with their words, probabilities and attention."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from captioner.outputs.record import Concept, Segment
from captioner.pipeline.coverage import is_doubtful


@dataclass(frozen=True)
class Candidate:
    """One text that a model proposes.

    Attributes:
        text: The text.
        log_prob: Its log-probability, nats: the sum over its words and its end.
        words: Its words.
        word_log_probs: The log-probability of each, nats.
        attention: The decoder's attention at each word. Over a photo it is `[word, height, width]`,
            and a map sums to 1 less the weight of the detected concepts. Over a sentence it is
            `[word, source word]`, taken when the decoder has just read the word, and a row sums to
            1 less the weight of the sentence's end. Over a recording it is `[piece, position]` and
            over a clip `[word, frame]`, and each row sums to 1.
        calibrated: The calibrated probability that it is right, 0 to 1; None if the model has no
            calibration for it.
    """

    text: str
    log_prob: float
    words: tuple[str, ...]
    word_log_probs: tuple[float, ...]
    attention: NDArray[np.float32]
    calibrated: float | None = None

    @property
    def confidence(self) -> float:
        """How sure the model is, 0 to 1.

        This is `calibrated` or, without calibration, the geometric mean of the probabilities of the
        words and the end.
        """
        if self.calibrated is not None:
            return self.calibrated
        return math.exp(self.log_prob / (len(self.words) + 1))

    @property
    def most_looked_at(self) -> tuple[int, ...]:
        """The position that each word attended to most: a source word, or a photo's cell."""
        return tuple(int(looks.argmax()) for looks in self.attention)


class ChainedCandidate(Candidate):
    """Joins the candidates of the pieces of one text or recording.

    Each word attends to its own piece alone. The attention is computed only on request, since it
    takes 400 MB for 10,000 words on each side.

    Args:
        text: The texts of the pieces with what stands between them.
        parts: A candidate of each piece.
        columns: The source word, or the position, at which each piece begins.
    """

    _blocks: list[tuple[int, Candidate]]

    def __init__(self, text: str, parts: Sequence[Candidate], columns: Sequence[int]) -> None:
        # The inherited constructor is not called, since it would require the attention.
        self.__dict__.update(
            text=text,
            log_prob=sum(part.log_prob for part in parts),
            words=tuple(word for part in parts for word in part.words),
            word_log_probs=tuple(value for part in parts for value in part.word_log_probs),
            _blocks=[
                (column, part) for column, part in zip(columns, parts, strict=True) if part.words
            ],
        )

    @property
    def attention(self) -> NDArray[np.float32]:
        """The decoder's attention at each word, `[word, source word or position]`."""
        width = max((column + part.attention.shape[1] for column, part in self._blocks), default=0)
        whole = np.zeros((len(self.words), width), np.float32)
        top = 0
        for column, part in self._blocks:
            height, width = part.attention.shape
            whole[top : top + height, column : column + width] = part.attention
            top += height
        return whole

    @property
    def most_looked_at(self) -> tuple[int, ...]:
        """The source word or position that each word attended to most."""
        return tuple(
            column + source for column, part in self._blocks for source in part.most_looked_at
        )


@dataclass(frozen=True)
class Result:
    """A model's result for one input.

    Attributes:
        candidates: Texts, best first; at least one.
    """

    candidates: tuple[Candidate, ...]

    @property
    def text(self) -> str:
        """The best text."""
        return self.candidates[0].text

    @property
    def log_prob(self) -> float:
        """The best text's log-probability, nats."""
        return self.candidates[0].log_prob

    @property
    def attention(self) -> NDArray[np.float32]:
        """The attention of the best text, as in `Candidate`."""
        return self.candidates[0].attention


@dataclass(frozen=True)
class CaptionResult(Result):
    """A model's result for one photo.

    Attributes:
        concepts: The words detected in it, the most informative first, as many as the search
            options ask for.
        language: The language of the captions, a code such as en; empty if it is unknown.
    """

    concepts: tuple[Concept, ...] = ()
    language: str = ""


@dataclass(frozen=True)
class ClipResult(CaptionResult):
    """A model's result for one clip.

    Attributes:
        times_s: The times of the frames, which are the columns of `attention`, seconds from the
            clip's beginning.
        duration_s: How long the clip lasts, seconds.
    """

    times_s: tuple[float, ...] = ()
    duration_s: float = 0.0

    @property
    def label(self) -> str:
        """The best label: the best text, where the model learnt labels."""
        return self.text

    @property
    def probabilities(self) -> dict[str, float]:
        """Each label that was asked for with its probability, best first."""
        return {one.text: math.exp(one.log_prob) for one in self.candidates}


@dataclass(frozen=True)
class SentenceResult(Result):
    """A model's result for one sentence.

    Attributes:
        source: The sentence.
        num_pieces: The number of pieces in which it was translated; more than one if it was too
            long for the model.
    """

    source: str
    num_pieces: int = 1

    @property
    def source_words(self) -> tuple[str, ...]:
        """The source's words, the columns of `attention`."""
        return tuple(self.source.split())

    @property
    def is_doubtful(self) -> bool:
        """Whether the translation may omit or add something; see `captioner.pipeline.coverage`."""
        return is_doubtful(self.candidates[0], self.source)

    @property
    def alignments(self) -> tuple[tuple[int, int], ...]:
        """For each word of the best translation, the source word it attended to most.

        Pairs are source and target, counted from 0.
        """
        return tuple(
            (source, target) for target, source in enumerate(self.candidates[0].most_looked_at)
        )


@dataclass(frozen=True)
class TranslationResult(SentenceResult):
    """A model's result for one text: the translations of its sentences in the text's own layout.

    White space between the sentences, ends of lines, marks of lists and anything without letters
    are copied. A copied word attends to itself. A text without letters has one candidate, the text
    itself.

    Attributes:
        source: The text.
        num_pieces: The number of pieces in which its sentences were translated.
        sentences: The result for each sentence.
        source_language: The language that the text was read as, a code such as en.
        target_language: The language that it was translated into; the same as the source language
            if the text stays as it is, and empty if the model's training did not name it.
    """

    sentences: tuple[SentenceResult, ...] = ()
    source_language: str = ""
    target_language: str = ""

    @property
    def is_doubtful(self) -> bool:
        """Whether the translation of any of its sentences may omit or add something."""
        return any(sentence.is_doubtful for sentence in self.sentences)


@dataclass(frozen=True)
class TranscriptResult(Result):
    """A model's result for one recording; all candidates of a silent recording are empty.

    Attributes:
        duration_s: How long the recording lasts, seconds.
        segments: The parts in which something is said, in their order; their texts make up the best
            text.
    """

    duration_s: float
    segments: tuple[Segment, ...]
