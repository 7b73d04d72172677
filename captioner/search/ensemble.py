"""Lets several decoders choose each word together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jaxtyping import Float, Int

from captioner.modules.arrays import Array, library, log_softmax
from captioner.modules.memory import Memory


@dataclass(frozen=True)
class EnsembleState:
    """The state of each decoder; a row is the same hypothesis in all of them."""

    members: tuple[Any, ...]

    def reorder(self, index: Int[Array, " selected"]) -> "EnsembleState":
        """Return the state of the rows at `index`."""
        return EnsembleState(tuple(state.reorder(index) for state in self.members))

    def select(self, items: Int[Array, " selected"]) -> "EnsembleState":
        """Return the state of all rows of the items at `items`."""
        return EnsembleState(tuple(state.select(items) for state in self.members))


class EnsembleDecoder:
    """Acts as one decoder, whose logits are the mean of the members' log-probabilities.

    Each member reads its own memory of the items: the first member the memory itself, the next
    members its `others`.

    Args:
        decoders: The members, which share one vocabulary.

    Source:
        Sutskever et al. 2014, arXiv:1409.3215, section 3.6, for translation. Here it is the mean of
        logarithms rather than of probabilities, so a word that one member rules out is not written.
    """

    def __init__(self, decoders: Sequence[Any]) -> None:
        self._decoders = tuple(decoders)

    def start(self, memory: Memory, rows_per_item: int = 1) -> EnsembleState:
        """Return the state before the first word."""
        members = zip(self._decoders, (memory, *memory.others), strict=True)
        return EnsembleState(tuple(decoder.start(own, rows_per_item) for decoder, own in members))

    def step(
        self, token_ids: Int[Array, " rows"], state: EnsembleState, memory: Memory
    ) -> tuple[Float[Array, "rows vocab"], EnsembleState, Float[Array, "rows source"]]:
        """Read one word per row; return logits, the state and the first member's attention."""
        members = zip(self._decoders, state.members, (memory, *memory.others), strict=True)
        logits, states, attention = zip(
            *(decoder.step(token_ids, own, of_it) for decoder, own, of_it in members), strict=True
        )
        mean = library(logits[0]).stack([log_softmax(each) for each in logits]).mean(0)
        return mean, EnsembleState(states), attention[0]
