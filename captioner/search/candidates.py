"""One step of a beam search: which continuations by one word are kept, and which end a text.

A group is one search, `[groups]` stands for batch * groups of them, and `width` is its number of
beams.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True)
class Candidates:
    """Ways to go on, best first; -inf where there is none.

    Attributes:
        parents: The beam that each continues.
        token_ids: The word that it adds.
        token_log_probs: That word's log-probability.
        log_probs: The sum over the whole text.
    """

    parents: Int[Tensor, "groups n"]
    token_ids: Int[Tensor, "groups n"]
    token_log_probs: Float[Tensor, "groups n"]
    log_probs: Float[Tensor, "groups n"]

    def take(self, index: Int[Tensor, "groups m"]) -> "Candidates":
        """Return the candidates at `index`."""
        return Candidates(*(field.gather(1, index) for field in self._fields()))

    def select(self, groups: Int[Tensor, " selected"]) -> "Candidates":
        """Return the candidates of the groups at `groups`."""
        return Candidates(*(field[groups] for field in self._fields()))

    def first(self, n: int) -> "Candidates":
        """Return the best n candidates."""
        return Candidates(*(field[:, :n] for field in self._fields()))

    @staticmethod
    def join(parts: "Sequence[Candidates]") -> "Candidates":
        """Put candidates of the same groups side by side."""
        columns = zip(*(part._fields() for part in parts), strict=True)
        return Candidates(*(torch.cat(column, 1) for column in columns))

    @staticmethod
    def interleave(parts: "Sequence[Candidates]") -> "Candidates":
        """Put an item's first group, second group, ... below one another."""
        columns = zip(*(part._fields() for part in parts), strict=True)
        return Candidates(*(torch.stack(column, 1).flatten(0, 1) for column in columns))

    def _fields(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        return self.parents, self.token_ids, self.token_log_probs, self.log_probs


def extend(
    log_probs: Float[Tensor, "groups beams"],
    allowed: Float[Tensor, "groups beams vocab"],
    preferences: Float[Tensor, "groups beams vocab"],
    width: int,
) -> Candidates:
    """Return the best 2 * width continuations; ties go to the lower beam, then the lower token id.

    Args:
        log_probs: Sums of the beams so far.
        allowed: The next word's log-probabilities.
        preferences: What the words are chosen by.
        width: Number of beams that go on.
    """
    vocab = allowed.shape[2]
    per_beam = min(width + 1, vocab)  # enough: of a beam's continuations, only one ends
    preferred, token_ids = top_k(preferences, per_beam)
    order = (
        (log_probs.unsqueeze(2) + preferred)
        .flatten(1)
        .argsort(dim=-1, descending=True, stable=True)[:, : 2 * width]
    )
    parents = order // per_beam
    token_ids = token_ids.flatten(1).gather(1, order)
    token_log_probs = allowed.flatten(1).gather(1, parents * vocab + token_ids)
    return Candidates(
        parents, token_ids, token_log_probs, log_probs.gather(1, parents) + token_log_probs
    )


def top_k(
    values: Float[Tensor, "*rows n"], k: int
) -> tuple[Float[Tensor, "*rows k"], Int[Tensor, "*rows k"]]:
    """Return the k greatest values of each row and their places, best first; ties keep their order.

    `torch.topk` promises nothing about equal values. Asked for one more, it tells which rows have
    any, and those alone are sorted.
    """
    top, index = values.topk(min(k + 1, values.shape[-1]), -1)
    tied = ((top[..., 1:] == top[..., :-1]) & (top[..., 1:] > -torch.inf)).any(-1)
    if tied.any():
        exact, exact_index = values[tied].sort(dim=-1, descending=True, stable=True)
        top[tied], index[tied] = exact[:, : top.shape[-1]], exact_index[:, : top.shape[-1]]
    return top[..., :k], index[..., :k]


def split(candidates: Candidates, eos_id: int) -> tuple[Candidates, Candidates]:
    """Divide the candidates: the `width` beams that go on, and the ends among the `width` best."""
    width = candidates.token_ids.shape[1] // 2
    is_end = candidates.token_ids == eos_id
    live = candidates.take(is_end.long().argsort(dim=1, stable=True)[:, :width])
    ends = candidates.first(width)
    ends = replace(ends, log_probs=ends.log_probs.masked_fill(~is_end[:, :width], -torch.inf))
    if width == 1:
        live = replace(live, log_probs=live.log_probs.masked_fill(is_end[:, :1], -torch.inf))
    return live, ends
