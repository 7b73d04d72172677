"""The two ends of a search: the verbs that it asks of a decoder, and the hypotheses it returns."""

from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from captioner.config import SearchConfig
from captioner.modules.memory import Memory

SPARE_WORDS = 10  # of a text beyond what its source's length suggests


@runtime_checkable
class DecoderState(Protocol):
    """What a decoder remembers of the words so far, one row a hypothesis."""

    def reorder(self: "StateT", index: Int[Tensor, " selected"], /) -> "StateT":
        """Return the state of the rows at `index`; rows may repeat within their item."""
        ...

    def select(self: "StateT", items: Int[Tensor, " selected"], /) -> "StateT":
        """Return the state of all rows of the items at `items`; the others have finished."""
        ...


StateT = TypeVar("StateT", bound=DecoderState)


@runtime_checkable
class Decoder(Protocol[StateT]):
    """What a search needs to know of a decoder."""

    def start(self, memory: Memory, rows_per_item: int, /) -> StateT:
        """Return the state before the first word: equally many rows for each item, side by side."""
        ...

    def step(
        self, token_ids: Int[Tensor, " rows"], state: StateT, memory: Memory, /
    ) -> tuple[Float[Tensor, "rows vocab"], StateT, Float[Tensor, "rows source"]]:
        """Read one word a row; return the next word's logits, the new state and the attention."""
        ...


@dataclass(frozen=True)
class Hypothesis:
    """One text that a search found.

    Attributes:
        token_ids: The words, without BOS and EOS.
        log_prob: Sum of the words' log-probabilities, EOS's included where it ended.
        score: What it is ranked by: `log_prob / length ** length_penalty`, where the length counts
            EOS.
        token_log_probs: Log-probability of each word, and of EOS where it ended. They are the
            softmax over the whole vocabulary: what a forbidden word would have had is not shared
            among the others.
        attention_weights: Where the decoder looked for each word; EOS has no row.
        finished: Whether it ended by EOS rather than being cut at `max_length`.
    """

    token_ids: tuple[int, ...]
    log_prob: float
    score: float
    token_log_probs: tuple[float, ...]
    attention_weights: Float[Tensor, "target source"]
    finished: bool


@dataclass(frozen=True)
class Paths:
    """Hypotheses of a batch as padded tensors; a score of -inf marks a hypothesis that is absent.

    At a finished path's position `lengths` stands its EOS.
    """

    token_ids: Int[Tensor, "batch paths target"]
    token_log_probs: Float[Tensor, "batch paths target"]
    attention_weights: Float[Tensor, "batch paths target source"]
    lengths: Int[Tensor, "batch paths"]
    log_probs: Float[Tensor, "batch paths"]
    scores: Float[Tensor, "batch paths"]
    finished: Bool[Tensor, "batch paths"]

    def to_hypotheses(self) -> list[list[Hypothesis]]:
        """Return the paths that exist, item by item, in their order."""
        fields = (
            self.token_ids,
            self.token_log_probs,
            self.lengths,
            self.log_probs,
            self.scores,
            self.finished,
        )
        items = zip(*(field.tolist() for field in fields), self.attention_weights, strict=True)
        return [
            [
                Hypothesis(
                    token_ids=tuple(token_ids[:length]),
                    log_prob=log_prob,
                    score=score,
                    token_log_probs=tuple(token_log_probs[: length + finished]),
                    # A copy lets go of the rest of the batch.
                    attention_weights=attention[:length].clone(),
                    finished=finished,
                )
                for token_ids, token_log_probs, length, log_prob, score, finished, attention in zip(
                    *item, strict=True
                )
                if score > -torch.inf
            ]
            for item in items
        ]


def length_limits(
    options: SearchConfig, memory: Memory, begin_length: int = 0
) -> Int[Tensor, " batch"]:
    """Return the most words of each item's texts: `max_length`, or less if the source is short.

    Args:
        options: How to search.
        memory: Its positions count.
        begin_length: Number of words that every text begins with; they are counted.
    """
    if options.max_length_ratio is None:
        return torch.full((len(memory),), options.max_length, device=memory.mask.device)
    suggested = SPARE_WORDS + options.max_length_ratio * memory.mask.sum(1)
    fewest = max(options.min_length, begin_length + max(1, len(options.required_words)))
    return suggested.clamp(fewest, options.max_length).long()


def best_first(
    scores: Float[Tensor, "batch n"], finished: Bool[Tensor, "batch n"]
) -> Int[Tensor, "batch n"]:
    """Order finished paths before cut ones before absent ones (-inf), and each kind by score.

    A cut path lacks EOS's log-probability and would be flattered by a comparison. Equal ones keep
    their order.
    """
    kind = torch.where(scores == -torch.inf, 2, (~finished).long())
    order = scores.argsort(dim=-1, descending=True, stable=True)
    return order.gather(-1, kind.gather(-1, order).argsort(dim=-1, stable=True))
