"""Beam search: finds a likely text by keeping the best few beginnings.

Greedy search and diverse beam search are special cases of it.

All beams of all groups of all items are the rows of one tensor, in the order item, group, beam. A
group is one search, and the axis `groups` has batch * groups of them. The `width` beams of a group
are those of all its constraint states, side by side. Each step's words and back-pointers are kept,
and the texts are rebuilt once, at the end.

Sample values in comments are for 2 items with 1 group of 3 beams each, and a vocabulary of 100
words: `[rows]` is 6, `[groups, width]` is 2 x 3.
"""

from dataclasses import dataclass, replace
from typing import Generic

from jaxtyping import Bool, Float, Int

from captioner.config import SearchConfig
from captioner.modules.arrays import Array, argsort, library, repeat, take
from captioner.modules.memory import Memory
from captioner.search.backtrace import Step, finish, members
from captioner.search.candidates import Candidates
from captioner.search.constraint_states import ConstraintStates, choose
from captioner.search.constraints import Constraints
from captioner.search.contract import Decoder, Hypothesis, StateT, length_limits
from captioner.search.length_penalty import length_divisors

# Settled items leave the batch once they are this fraction of it, since their leaving copies the
# state of the others.
LEAVING_FRACTION = 0.125


@dataclass
class Beams(Generic[StateT]):
    """The search of the items that have not settled yet.

    Attributes:
        items: Their numbers in the whole batch.
        memory: Their memory.
        limits: The most words of their texts.
        state: The decoder's state, one row per beam.
        token_ids: The last word of each beam.
        prefixes: All words of each beam.
        log_probs: Log-probability of each beam.
        best: Scores of the best texts that have ended.
    """

    items: Int[Array, " items"]
    memory: Memory
    limits: Int[Array, " items"]
    state: StateT
    token_ids: Int[Array, " rows"]
    prefixes: Int[Array, "rows length"]
    log_probs: Float[Array, "groups width"]
    best: Float[Array, "groups captions"]

    def select(self, items: Int[Array, " selected"]) -> "Beams[StateT]":
        """Return the search of the items at `items`."""
        groups = members(items, len(self.log_probs) // len(self.items))
        # For item 1 alone: groups [1], rows [3, 4, 5].
        rows = members(groups, self.log_probs.shape[1])
        return Beams(
            self.items[items],
            self.memory.select(items),
            self.limits[items],
            self.state.select(items),
            self.token_ids[rows],
            self.prefixes[rows],
            self.log_probs[groups],
            self.best[groups],
        )

    def advance(self, live: Candidates) -> "Beams[StateT]":
        """Return the search after one more word, with the beams that a step chose."""
        groups, width = live.parents.shape
        # parents [[0, 0, 2], [1, 0, 1]] count within a group; rows [0, 0, 2, 4, 3, 4] count over
        # the whole batch.
        xp = library(live.parents)
        every = xp.arange(groups, device=live.parents.device)
        rows = members(every, width, live.parents)
        token_ids = live.token_ids.flatten()  # [groups, width] -> [rows]
        return replace(
            self,
            state=self.state.reorder(rows),
            token_ids=token_ids,
            # [rows, length + 1]
            prefixes=xp.concatenate([self.prefixes[rows], token_ids[:, None]], 1),
            log_probs=live.log_probs,
        )


def begin(
    decoder: Decoder[StateT],
    memory: Memory,
    limits: Int[Array, " batch"],
    num_groups: int,
    width: int,
    num_captions: int,
    first_ids: Int[Array, " batch"],
) -> Beams[StateT]:
    """Return the search before the first word.

    Only one beam of each group counts, since all are equal.
    """
    xp, device, groups = library(memory.keys), memory.keys.device, len(memory) * num_groups
    log_probs = xp.full((groups, width), -xp.inf, dtype=xp.float32, device=device)
    log_probs[:, 0] = 0.0
    return Beams(
        items=xp.arange(len(memory), device=device),
        memory=memory,
        limits=limits,
        state=decoder.start(memory, num_groups * width),
        token_ids=repeat(first_ids, num_groups * width),
        prefixes=xp.zeros((groups * width, 0), dtype=xp.int64, device=device),
        log_probs=log_probs,
        best=xp.full((groups, num_captions), -xp.inf, dtype=xp.float32, device=device),
    )


def beam_search(
    decoder: Decoder[StateT],
    memory: Memory,
    options: SearchConfig,
    constraints: Constraints,
    constraint_states: ConstraintStates,
    first_ids: Int[Array, " batch"],
) -> list[list[Hypothesis]]:
    """Return the best hypotheses of each item.

    A text ends when EOS is among the `width` best candidates of a step. Twice as many candidates
    are kept, so `width` beams go on even then. But a group of one beam is greedy search, which ends
    with its first EOS. Each state has at least as many beams as captions are wanted.

    Source:
        Sutskever et al. 2014, arXiv:1409.3215, section 3.2; the length penalty is that of Wu et al.
        2016, arXiv:1609.08144, equation 14, with |Y| in the place of (5 + |Y|) / 6, where |Y|
        counts EOS.
    """
    xp, num_groups, num_captions = library(memory.keys), options.num_groups, options.num_captions
    width = -(-max(options.beam_size, num_captions) // num_groups)  # rounded up
    divisors = length_divisors(options, memory.keys)
    limits = length_limits(options, memory, len(constraints.begin_ids))
    num_beams = constraint_states.count * width
    beams = begin(decoder, memory, limits, num_groups, num_beams, num_captions, first_ids)
    steps: list[Step] = []
    hypotheses: dict[int, list[Hypothesis]] = {}
    for length in range(int(limits.max()) + 1):
        # 1. Ask the decoder for the next word behind each beam: logits [rows, vocab], 6 x 100.
        logits, beams.state, attention = decoder.step(beams.token_ids, beams.state, beams.memory)
        # 2. Rule out what may not be written: [groups, width, vocab], a group's beams side by side.
        shape = beams.log_probs.shape
        allowed = constraints.log_probs(logits, beams.prefixes).reshape(*shape, -1)
        # 3. Choose the beams that go on and the texts that end, each [groups, width].
        live, ends = choose(
            beams.log_probs, allowed, options, constraint_states, constraints.eos_id
        )
        steps.append(Step(beams.items, live, ends, attention.reshape(*shape, -1)))
        scores = xp.concatenate([beams.best, ends.log_probs / divisors[length]], 1)
        order = argsort(scores, descending=True)[:, :num_captions]
        beams.best = take(scores, order, 1)
        # 4. Find the items that cannot change any more, or whose texts have full length: [items].
        longest = repeat(divisors[beams.limits], num_groups)  # [items] -> [groups]
        is_over = settled(beams.best, live.log_probs, longest).reshape(-1, num_groups).all(1)
        is_over |= (is_full := length == beams.limits)
        # 5. If they are many, or one has full length, rebuild their texts and drop the items.
        over_fraction = int(is_over.sum()) / len(is_over)
        if over_fraction >= LEAVING_FRACTION or is_full.any():
            # Numbers of items, such as [1] and [0].
            over, staying = xp.where(is_over)[0], xp.where(~is_over)[0]
            log_probs = constraint_states.complete(beams.log_probs[members(over, num_groups)])
            hypotheses |= finish(beams.items[over], log_probs, steps, divisors, num_captions)
            if over_fraction == 1:
                break
            beams, live = beams.select(staying), live.select(members(staying, num_groups))
        # 6. Go on with the chosen beams.
        beams = beams.advance(live)
    return [hypotheses[item] for item in range(len(memory))]


def settled(
    best: Float[Array, "groups captions"],
    log_probs: Float[Array, "groups width"],
    divisors: Float[Array, " groups"],
) -> Bool[Array, " groups"]:
    """Tell for each group whether no live beam can still change its result.

    More words only lower a log-probability, and dividing by the greatest length gives the highest
    score. So no live beam can score more than `log_prob / (limit + 1) ** length_penalty`, where
    `limit` is the most words of the item's texts. Stopping here is exact: a settled item stays as
    it is while the rest of its batch goes on.

    Args:
        best: Scores of the best texts that have ended.
        log_probs: Log-probabilities of the beams that go on.
        divisors: The length penalty of each group's longest texts.

    Source:
        Huang et al. 2017, arXiv:1809.00069, for the idea of stopping without loss.
    """
    return best[:, -1] >= library(log_probs).amax(log_probs, 1) / divisors
