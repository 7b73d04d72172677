"""Decides which candidates a beam search keeps where words are required.

Each subset of the required words is a constraint state, with `width` beams of its own. So a text
that has just written an unlikely required word does not compete with texts that have not written
it, and is not lost. Without required words there is one state.

Source:
    Anderson et al. 2017, arXiv:1612.00576, section 3.2: the finite-state machine of required words,
    a beam per state.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from jaxtyping import Float, Int

from captioner.config import SearchConfig
from captioner.modules.arrays import Array, add_at, integers, library, repeat
from captioner.search.candidates import Candidates, extend, split


@dataclass(frozen=True)
class ConstraintStates:
    """The beams of a group by constraint state; bit i of a state says that word i has been written.

    Attributes:
        token_ids: All tokens that stand for a required word.
        meets: For each token, the bits of the words that it stands for.
        count: Number of states; texts in the last one have all required words.
    """

    token_ids: Int[Array, " tokens"]
    meets: Int[Array, " tokens"]
    count: int

    @classmethod
    def build(cls, required_ids: Sequence[Collection[int]], like: Array) -> "ConstraintStates":
        """Build the states from the tokens of each required word, of which one is enough.

        Args:
            required_ids: The tokens of each word.
            like: An array of the search's library and device.
        """
        meets: dict[int, int] = {}
        for bit, token_ids in enumerate(required_ids):
            for token_id in token_ids:
                meets[token_id] = meets.get(token_id, 0) | 1 << bit
        ids, bits = (integers(list(part), like) for part in (meets, meets.values()))
        return cls(ids, bits, 2 ** len(required_ids))

    def complete(self, log_probs: Float[Array, "groups beams"]) -> Float[Array, "groups beams"]:
        """Replace the log-probabilities of beams that lack a required word by -inf."""
        lacking = log_probs.shape[1] // self.count * (self.count - 1)
        xp = library(log_probs)
        return xp.concatenate(
            [xp.full_like(log_probs[:, :lacking], -xp.inf), log_probs[:, lacking:]], 1
        )

    def fill(
        self,
        log_probs: Float[Array, "groups beams"],
        allowed: Float[Array, "groups beams vocab"],
        preferences: Float[Array, "groups beams vocab"],
        eos_id: int,
    ) -> tuple[Candidates, Candidates]:
        """Return the beams that continue in each state, and the texts that may end."""
        width = log_probs.shape[1] // self.count
        if self.count == 1:
            return split(extend(log_probs, allowed, preferences, width), eos_id)
        xp = library(allowed)
        says = xp.zeros(allowed.shape[2], dtype=xp.int64, device=allowed.device)
        says[self.token_ids] = self.meets
        before = repeat(xp.arange(self.count, device=allowed.device), width)
        leads_to = before[:, None] | says
        leads_to[: width * (self.count - 1), eos_id] = self.count  # no state: it may not end
        found = []
        for state in range(self.count):
            barred = xp.where(leads_to == state, xp.zeros_like(allowed[0]), -xp.inf)
            found.append(
                split(extend(log_probs, allowed + barred, preferences + barred, width), eos_id)
            )
        live, ends = zip(*found, strict=True)
        return Candidates.join(live), Candidates.join(ends)


def choose(
    log_probs: Float[Array, "groups beams"],
    allowed: Float[Array, "groups beams vocab"],
    options: SearchConfig,
    states: ConstraintStates,
    eos_id: int,
) -> tuple[Candidates, Candidates]:
    """Return the beams that go on and the texts that end, for one group of each item after another.

    Within an item, a word loses `diversity` for each beam of an earlier group that has taken it at
    this step. This changes the choice alone, not log-probabilities and scores. The first group is a
    plain beam search.

    Source:
        Vijayakumar et al. 2018, arXiv:1610.02424, algorithm 1, with Hamming diversity.
    """
    if options.num_groups == 1:
        return states.fill(log_probs, allowed, allowed, eos_id)
    beams, vocab = allowed.shape[1:]
    log_probs = log_probs.reshape(-1, options.num_groups, beams)
    allowed = allowed.reshape(-1, options.num_groups, beams, vocab)
    xp = library(allowed)
    penalty = xp.zeros_like(allowed[:, 0, 0])
    chosen = []
    for group in range(options.num_groups):
        live, ends = states.fill(
            log_probs[:, group], allowed[:, group], allowed[:, group] - penalty[:, None], eos_id
        )
        chosen.append((live, ends))
        taken = xp.where(live.log_probs > -xp.inf, options.diversity, 0.0)
        add_at(penalty, live.token_ids, taken)
    all_live, all_ends = zip(*chosen, strict=True)
    return Candidates.interleave(all_live), Candidates.interleave(all_ends)
