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
        attention: Where the decoder looked at each word: over a photo `[word, height, width]`,
            where each map sums to 1; over a sentence `[word, source word]`, when it had just read
            the word, where a row sums to 1 less what went to the sentence's end; over a recording
            `[piece, position]`, and over a clip `[word, frame]`, where each row sums to 1.
        calibrated: How likely it is right, 0 to 1, where the model was fitted to tell; else None.
    """

    text: str
    log_prob: float
    words: tuple[str, ...]
    word_log_probs: tuple[float, ...]
    attention: NDArray[np.float32]
    calibrated: float | None = None

    @property
    def confidence(self) -> float:
        """How sure the model is, 0 to 1: `calibrated`, or the mean probability of words and end.

        The mean is the geometric one.
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

    Each word attends to its own piece alone.

    Its attention is put together only when it is asked for: for 10,000 words on each side it takes
    400 MB.

    Args:
        text: The texts of the pieces with what stands between them.
        parts: A candidate of each piece.
        columns: The source word, or the position, at which each piece begins.
    """

    _blocks: list[tuple[int, Candidate]]

    def __init__(self, text: str, parts: Sequence[Candidate], columns: Sequence[int]) -> None:
        # Not by the constructor of a frozen class, which would want the attention.
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
        """Where the decoder looked at each word, `[word, source word]`."""
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
        """The source word that each word looked at most."""
        return tuple(
            column + source for column, part in self._blocks for source in part.most_looked_at
        )


@dataclass(frozen=True)
class Result:
    """What a model says about one input.

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
        """Where the decoder looked at each word of the best text, as `Candidate` has it."""
        return self.candidates[0].attention


@dataclass(frozen=True)
class CaptionResult(Result):
    """What a model says about one photo.

    Attributes:
        concepts: The words detected in it, likeliest first: as many as the search options ask for.
        language: What the captions are written in, a code such as en; empty where it is not known.
    """

    concepts: tuple[Concept, ...] = ()
    language: str = ""


@dataclass(frozen=True)
class ClipResult(CaptionResult):
    """What a model says about one clip.

    Attributes:
        times_s: When each frame was looked at, the columns of `attention`, seconds from the clip's
            beginning.
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
    """What a model says about one sentence.

    Attributes:
        source: The sentence.
        num_pieces: In how many pieces a sentence was translated that was too long for the model.
    """

    source: str
    num_pieces: int = 1

    @property
    def source_words(self) -> tuple[str, ...]:
        """The source's words, the columns of `attention`."""
        return tuple(self.source.split())

    @property
    def is_doubtful(self) -> bool:
        """Whether the translation may lack something; see `captioner.pipeline.coverage`."""
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
    """What a model says about one text: its sentences' translations, standing as the sentences did.

    White space between the sentences, ends of lines, marks of lists and whatever has no letter are
    copied; a copied word looks at itself. A text without a letter has one candidate, the text
    itself.

    Attributes:
        source: The text.
        num_pieces: In how many pieces its sentences were translated.
        sentences: What the model says about each sentence.
        source_language: What the text was read as, a code such as en.
        target_language: What it was translated into, the same where the text was in it already;
            empty where the model's training did not say.
    """

    sentences: tuple[SentenceResult, ...] = ()
    source_language: str = ""
    target_language: str = ""

    @property
    def is_doubtful(self) -> bool:
        """Whether the translation of one of its sentences may lack something of it."""
        return any(sentence.is_doubtful for sentence in self.sentences)


@dataclass(frozen=True)
class TranscriptResult(Result):
    """What a model says about one recording; the only candidates of a silent one are empty.

    Attributes:
        duration_s: How long the recording lasts, seconds.
        segments: The parts in which something is said, in their order; their texts make up the best
            text.
    """

    duration_s: float
    segments: tuple[Segment, ...]
