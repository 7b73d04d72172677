"""One step of a beam search: chooses the continuations to keep, and those that end a text.

A group is one search, the axis `groups` has batch * groups of them, and `width` is the number of
beams of a group.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from jaxtyping import Float, Int

from captioner.modules.arrays import Array, argsort, library, take, top_k


@dataclass(frozen=True)
class Candidates:
    """Continuations of beams by one word, best first; -inf where there is none.

    Attributes:
        parents: The beam that each one continues.
        token_ids: The word that it adds.
        token_log_probs: That word's log-probability.
        log_probs: Log-probability of the whole text.
    """

    parents: Int[Array, "groups n"]
    token_ids: Int[Array, "groups n"]
    token_log_probs: Float[Array, "groups n"]
    log_probs: Float[Array, "groups n"]

    def take(self, index: Int[Array, "groups m"]) -> "Candidates":
        """Return the candidates at `index`."""
        return Candidates(*(take(field, index, 1) for field in self._fields()))

    def select(self, groups: Int[Array, " selected"]) -> "Candidates":
        """Return the candidates of the groups at `groups`."""
        return Candidates(*(field[groups] for field in self._fields()))

    def first(self, n: int) -> "Candidates":
        """Return the best n candidates."""
        return Candidates(*(field[:, :n] for field in self._fields()))

    @staticmethod
    def join(parts: "Sequence[Candidates]") -> "Candidates":
        """Put candidates of the same groups side by side."""
        columns = zip(*(part._fields() for part in parts), strict=True)
        return Candidates(*(library(column[0]).concatenate(column, 1) for column in columns))

    @staticmethod
    def interleave(parts: "Sequence[Candidates]") -> "Candidates":
        """Put the candidates of each item's groups below one another, item by item."""
        columns = zip(*(part._fields() for part in parts), strict=True)
        stacked = (library(column[0]).stack(column, 1) for column in columns)
        return Candidates(*(field.reshape(-1, field.shape[2]) for field in stacked))

    def _fields(self) -> tuple[Array, Array, Array, Array]:
        return self.parents, self.token_ids, self.token_log_probs, self.log_probs


def extend(
    log_probs: Float[Array, "groups beams"],
    allowed: Float[Array, "groups beams vocab"],
    preferences: Float[Array, "groups beams vocab"],
    width: int,
) -> Candidates:
    """Return the best 2 * width continuations; ties go to the lower beam, then the lower token id.

    Args:
        log_probs: Log-probabilities of the beams so far.
        allowed: The next word's log-probabilities.
        preferences: The same, changed for the choice alone.
        width: Number of beams that go on.
    """
    vocab = allowed.shape[2]
    per_beam = min(width + 1, vocab)  # enough, since only one of a beam's continuations ends
    preferred, token_ids = top_k(preferences, per_beam)
    groups = len(log_probs)
    totals = (log_probs[..., None] + preferred).reshape(groups, -1)
    order = argsort(totals, descending=True)[:, : 2 * width]
    parents = order // per_beam
    token_ids = take(token_ids.reshape(groups, -1), order, 1)
    token_log_probs = take(allowed.reshape(groups, -1), parents * vocab + token_ids, 1)
    return Candidates(
        parents, token_ids, token_log_probs, take(log_probs, parents, 1) + token_log_probs
    )


def split(candidates: Candidates, eos_id: int) -> tuple[Candidates, Candidates]:
    """Return the `width` best beams that go on, and the texts that end among the `width` best."""
    width = candidates.token_ids.shape[1] // 2
    xp, is_end = library(candidates.token_ids), candidates.token_ids == eos_id
    live = candidates.take(argsort(xp.where(is_end, 1, 0))[:, :width])
    ends = candidates.first(width)
    ends = replace(ends, log_probs=xp.where(is_end[:, :width], ends.log_probs, -xp.inf))
    if width == 1:
        live = replace(live, log_probs=xp.where(is_end[:, :1], -xp.inf, live.log_probs))
    return live, ends
