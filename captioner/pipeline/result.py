"""What a model says about one input: candidates, each with its words, their probabilities and where it looked."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Candidate:
    """One caption of a photo.

    Attributes:
        text: The caption.
        log_prob: Its log-probability, nats: the sum over its words and its end.
        words: Its words, as the model wrote them.
        word_log_probs: The log-probability of each, nats.
        attention: Where the decoder looked at each word, `[word, height, width]`; each map sums to 1.
    """

    text: str
    log_prob: float
    words: tuple[str, ...]
    word_log_probs: tuple[float, ...]
    attention: NDArray[np.float32]

    @property
    def confidence(self) -> float:
        """The geometric mean of the probabilities of the words and the end, 0 to 1."""
        return math.exp(self.log_prob / (len(self.words) + 1))


@dataclass(frozen=True)
class CaptionResult:
    """What a model says about one photo.

    Attributes:
        candidates: The captions, best first; at least one.
    """

    candidates: tuple[Candidate, ...]

    @property
    def text(self) -> str:
        """The best caption."""
        return self.candidates[0].text

    @property
    def log_prob(self) -> float:
        """The best caption's log-probability, nats."""
        return self.candidates[0].log_prob

    @property
    def attention(self) -> NDArray[np.float32]:
        """Where the decoder looked at each word of the best caption, `[word, height, width]`."""
        return self.candidates[0].attention
