"""The interface of a search: the methods it calls on a decoder, and the hypotheses it returns."""

from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

from jaxtyping import Bool, Float, Int

from captioner.config import SearchConfig
from captioner.modules.arrays import Array, argsort, library, take
from captioner.modules.memory import Memory

SPARE_WORDS = 10  # a text may have so many more words than its source's length suggests


@runtime_checkable
class DecoderState(Protocol):
    """A decoder's memory of the words so far, one row per hypothesis."""

    def reorder(self: "StateT", index: Int[Array, " selected"], /) -> "StateT":
        """Return the state of the rows at `index`; rows may repeat within their item."""
        ...

    def select(self: "StateT", items: Int[Array, " selected"], /) -> "StateT":
        """Return the state of all rows of the items at `items`; the others are finished."""
        ...


StateT = TypeVar("StateT", bound=DecoderState)


@runtime_checkable
class Decoder(Protocol[StateT]):
    """The methods of a decoder that a search calls."""

    def start(self, memory: Memory, rows_per_item: int, /) -> StateT:
        """Return the state before the first word, with `rows_per_item` adjacent rows per item."""
        ...

    def step(
        self, token_ids: Int[Array, " rows"], state: StateT, memory: Memory, /
    ) -> tuple[Float[Array, "rows vocab"], StateT, Float[Array, "rows source"]]:
        """Read one word per row; return the next word's logits, the new state and the attention."""
        ...


@dataclass(frozen=True)
class Hypothesis:
    """One text that a search found.

    Attributes:
        token_ids: The words, without BOS and EOS.
        log_prob: Sum of the log-probabilities of the words, and of EOS if it ended.
        score: Texts are ranked by it: `log_prob / length ** length_penalty`, where the length
            counts EOS.
        token_log_probs: Log-probability of each word, and of EOS if it ended. They come from the
            softmax over the whole vocabulary: the probability of forbidden words is not given to
            the others.
        attention_weights: Where the decoder looked for each word; EOS has no row.
        finished: Whether it ended by EOS rather than being cut at `max_length`.
    """

    token_ids: tuple[int, ...]
    log_prob: float
    score: float
    token_log_probs: tuple[float, ...]
    attention_weights: Float[Array, "target source"]
    finished: bool


@dataclass(frozen=True)
class Paths:
    """Hypotheses of a batch as padded tensors; a score of -inf marks a hypothesis that is absent.

    The EOS of a finished path is at the position `lengths`.
    """

    token_ids: Int[Array, "batch paths target"]
    token_log_probs: Float[Array, "batch paths target"]
    attention_weights: Float[Array, "batch paths target source"]
    lengths: Int[Array, "batch paths"]
    log_probs: Float[Array, "batch paths"]
    scores: Float[Array, "batch paths"]
    finished: Bool[Array, "batch paths"]

    def to_hypotheses(self) -> list[list[Hypothesis]]:
        """Return the paths that exist, item by item, in their order."""
        xp = library(self.attention_weights)
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
                    # A copy, so that the rest of the batch can be freed.
                    attention_weights=xp.asarray(attention[:length], copy=True),
                    finished=finished,
                )
                for token_ids, token_log_probs, length, log_prob, score, finished, attention in zip(
                    *item, strict=True
                )
                if score > -xp.inf
            ]
            for item in items
        ]


def length_limits(
    options: SearchConfig, memory: Memory, begin_length: int = 0
) -> Int[Array, " batch"]:
    """Return the most words of each item's texts: `max_length`, or less if the source is short.

    Args:
        options: How to search.
        memory: Its number of positions is the source's length.
        begin_length: Number of words that every text begins with; they count.
    """
    xp = library(memory.mask)
    if options.max_length_ratio is None:
        return xp.full((len(memory),), options.max_length, device=memory.mask.device)
    suggested = SPARE_WORDS + options.max_length_ratio * memory.mask.sum(1)
    fewest = max(options.min_length, begin_length + max(1, len(options.required_words)))
    return xp.asarray(xp.clip(suggested, fewest, options.max_length), dtype=xp.int64)


def best_first(
    scores: Float[Array, "batch n"], finished: Bool[Array, "batch n"]
) -> Int[Array, "batch n"]:
    """Order finished paths first, then cut ones, then absent ones (-inf), each kind by score.

    A cut path lacks EOS's log-probability, so its score is too high for a comparison. Ties keep
    their order.
    """
    xp = library(scores)
    kind = xp.where(scores == -xp.inf, 2, xp.where(finished, 0, 1))
    order = argsort(scores, descending=True)
    return take(order, argsort(take(kind, order, -1)), -1)
