"""Beam search: finds a likely text by keeping the best few beginnings.

Greedy search and diverse beam search are cases of it.

All beams of all groups of all items are the rows of one tensor, in the order item, group, beam. A
group is one search, and `[groups]` stands for batch * groups of them; its `width` beams are those
of all its banks, side by side. Words and back-pointers are kept step by step; the texts are rebuilt
once, at the end.

Sample values in comments are of 2 items with 1 group of 3 beams each, and a vocabulary of 100
words: `[rows]` is 6, `[groups, width]` is 2 x 3.
"""

from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Generic

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from captioner.config import SearchConfig
from captioner.modules.memory import Memory
from captioner.search.banks import Banks, choose
from captioner.search.candidates import Candidates
from captioner.search.constraints import Constraints
from captioner.search.contract import (
    Decoder,
    Hypothesis,
    Paths,
    StateT,
    best_first,
    length_divisors,
    length_limits,
)

# Items that have settled leave the batch once they are this fraction of it: leaving copies the
# state of the others.
LEAVING_FRACTION = 0.125


@dataclass(frozen=True)
class Step:
    """What one step decided: the beams that go on, the texts that ended, and the attention.

    Attributes:
        items: Numbers of the items that had not settled before it, ascending.
    """

    items: Int[Tensor, " items"]
    live: Candidates
    ends: Candidates
    attention_weights: Float[Tensor, "groups width source"]

    def of(self, items: Int[Tensor, " selected"]) -> "Step":
        """Return what was decided for some of its items."""
        groups = members(
            torch.searchsorted(self.items, items), len(self.attention_weights) // len(self.items)
        )
        return Step(
            items,
            self.live.select(groups),
            self.ends.select(groups),
            self.attention_weights[groups],
        )


@dataclass
class Beams(Generic[StateT]):
    """The search of the items that have not settled yet.

    Attributes:
        items: Their numbers in the batch that was given.
        memory: What the encoder saw of them.
        limits: The most words of their texts.
        state: The decoder's, one row a beam.
        token_ids: The last word of each beam.
        prefixes: All words of each beam.
        log_probs: Of each beam.
        best: Scores of the best texts that ended.
    """

    items: Int[Tensor, " items"]
    memory: Memory
    limits: Int[Tensor, " items"]
    state: StateT
    token_ids: Int[Tensor, " rows"]
    prefixes: Int[Tensor, "rows length"]
    log_probs: Float[Tensor, "groups width"]
    best: Float[Tensor, "groups captions"]

    def select(self, items: Int[Tensor, " selected"]) -> "Beams[StateT]":
        """Return the search of the items at `items`."""
        groups = members(items, len(self.log_probs) // len(self.items))
        rows = members(
            groups, self.log_probs.shape[1]
        )  # of item 1 alone: groups [1], rows [3, 4, 5]
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
        """Return the search one word later, with the beams that a step chose."""
        groups, width = live.parents.shape
        # parents [[0, 0, 2], [1, 0, 1]] count within a group; rows [0, 0, 2, 4, 3, 4] count over
        # the whole batch.
        rows = members(torch.arange(groups, device=live.parents.device), width, live.parents)
        token_ids = live.token_ids.flatten()  # [groups, width] -> [rows]
        return replace(
            self,
            state=self.state.reorder(rows),
            token_ids=token_ids,
            prefixes=torch.cat(
                [self.prefixes[rows], token_ids.unsqueeze(1)], 1
            ),  # [rows, length + 1]
            log_probs=live.log_probs,
        )


def members(
    owners: Int[Tensor, " owners"], size: int, which: Int[Tensor, "owners n"] | None = None
) -> Int[Tensor, " members"]:
    """Return the members, all or only `which`, of owners that have `size` members each.

    Owners [0, 2] of 3 members each: [0, 1, 2, 6, 7, 8]; only `which` [[1], [0]] of them: [1, 6].
    """
    which = torch.arange(size, device=owners.device) if which is None else which
    return (owners.unsqueeze(1) * size + which).flatten()


def begin(
    decoder: Decoder[StateT],
    memory: Memory,
    limits: Int[Tensor, " batch"],
    num_groups: int,
    width: int,
    num_captions: int,
    first_ids: Int[Tensor, " batch"],
) -> Beams[StateT]:
    """Return the search before the first word.

    Only one beam of each group counts, since all are equal.
    """
    groups, device = len(memory) * num_groups, memory.keys.device
    log_probs = torch.full((groups, width), -torch.inf, device=device)
    log_probs[:, 0] = 0.0
    return Beams(
        items=torch.arange(len(memory), device=device),
        memory=memory,
        limits=limits,
        state=decoder.start(memory, num_groups * width),
        token_ids=first_ids.repeat_interleave(num_groups * width),
        prefixes=torch.empty(groups * width, 0, dtype=torch.long, device=device),
        log_probs=log_probs,
        best=torch.full((groups, num_captions), -torch.inf, device=device),
    )


def beam_search(
    decoder: Decoder[StateT],
    memory: Memory,
    options: SearchConfig,
    constraints: Constraints,
    banks: Banks,
    first_ids: Int[Tensor, " batch"],
) -> list[list[Hypothesis]]:
    """Return the best hypotheses of each item.

    A text ends where EOS is among the `width` best candidates of a step. As twice as many are kept,
    `width` beams go on all the same; but a group of one beam is greedy search, which ends with its
    first EOS. There are at least as many beams, in each bank, as captions asked for.

    Source:
        Sutskever et al. 2014, arXiv:1409.3215, section 3.2; the length penalty is that of Wu et al.
        2016, arXiv:1609.08144, equation 14, with |Y| in the place of (5 + |Y|) / 6, where |Y|
        counts EOS.
    """
    num_groups, num_captions = options.num_groups, options.num_captions
    width = -(-max(options.beam_size, num_captions) // num_groups)  # rounded up
    divisors = length_divisors(options, memory.keys.device)
    beams = begin(
        decoder,
        memory,
        length_limits(options, memory),
        num_groups,
        banks.count * width,
        num_captions,
        first_ids,
    )
    steps: list[Step] = []
    hypotheses: dict[int, list[Hypothesis]] = {}
    for length in range(int(beams.limits.max()) + 1):
        # 1. Ask the decoder how likely each word is behind each beam: logits [rows, vocab], here 6
        # x 100.
        logits, beams.state, attention_weights = decoder.step(
            beams.token_ids, beams.state, beams.memory
        )
        # 2. Rule out what may not be written, and put the beams of a group side by side: [groups,
        # width, vocab].
        allowed = constraints.log_probs(logits, beams.prefixes).reshape(*beams.log_probs.shape, -1)
        # 3. Choose the beams that go on and the texts that end, each [groups, width], and keep what
        # was decided.
        live, ends = choose(beams.log_probs, allowed, options, banks, constraints.eos_id)
        steps.append(
            Step(beams.items, live, ends, attention_weights.reshape(*beams.log_probs.shape, -1))
        )
        beams.best = (
            torch.cat([beams.best, ends.log_probs / divisors[length]], 1).topk(num_captions).values
        )
        # 4. Find the items that nothing can change any more, or whose texts are as long as they may
        # be: [items].
        longest = divisors[beams.limits].repeat_interleave(num_groups)  # [items] -> [groups]
        is_over = settled(beams.best, live.log_probs, longest).reshape(-1, num_groups).all(1)
        is_over |= length == beams.limits
        # 5. Once they are enough, rebuild their texts and let them leave the batch.
        over_fraction = is_over.float().mean().item()
        if over_fraction >= LEAVING_FRACTION:
            over, staying = (
                is_over.nonzero().flatten(),
                (~is_over).nonzero().flatten(),
            )  # [1] and [0], say
            log_probs = banks.complete(beams.log_probs[members(over, num_groups)])
            hypotheses |= finish(beams.items[over], log_probs, steps, divisors, num_captions)
            if over_fraction == 1:
                break
            beams, live = beams.select(staying), live.select(members(staying, num_groups))
        # 6. Go on with the chosen beams.
        beams = beams.advance(live)
    return [hypotheses[item] for item in range(len(memory))]


def settled(
    best: Float[Tensor, "groups captions"],
    log_probs: Float[Tensor, "groups width"],
    divisors: Float[Tensor, " groups"],
) -> Bool[Tensor, " groups"]:
    """Tell of each group whether no live beam can still change its result.

    More words only lower a log-probability, and a negative number divided by the greatest length is
    the least negative: no live beam can score more than `log_prob / (limit + 1) ** length_penalty`,
    where `limit` is the most words of the item's texts. So stopping here is exact, and an item that
    has settled stays as it is while its batch mates go on.

    Args:
        best: Scores of the best texts that ended.
        log_probs: Of the beams that go on.
        divisors: What the log-probability of each group's longest texts is divided by.

    Source:
        Huang et al. 2017, arXiv:1809.00069, for the idea of a stop that loses nothing.
    """
    return best[:, -1] >= log_probs.amax(1) / divisors


def finish(
    items: Int[Tensor, " items"],
    log_probs: Float[Tensor, "groups width"],
    steps: list[Step],
    divisors: Float[Tensor, " length"],
    num_captions: int,
) -> dict[int, list[Hypothesis]]:
    """Return the hypotheses of items whose search is over, by the items' numbers."""
    texts = rebuild(
        [step.of(items) for step in steps], log_probs, divisors, num_captions
    ).to_hypotheses()
    num_groups = len(texts) // len(items)
    groups = [texts[first : first + num_groups] for first in range(0, len(texts), num_groups)]
    return {
        item: merge(own, num_captions) for item, own in zip(items.tolist(), groups, strict=True)
    }


def rebuild(
    steps: list[Step],
    log_probs: Float[Tensor, "groups width"],
    divisors: Float[Tensor, " length"],
    num_captions: int,
) -> Paths:
    """Rank all texts of each group and trace the best ones back to their first words.

    Args:
        steps: All that was decided.
        log_probs: The beams that the last step started from; those that did not end there are cut.
        divisors: What the score of a length is divided by.
        num_captions: Texts wanted of each group.
    """
    num_steps, (groups, width), device = len(steps), log_probs.shape, log_probs.device
    # 1. Collect all texts, [groups, (num_steps + 1) * width]: the ends of each step, then the beams
    # that are cut.
    texts = Candidates.join([*(step.ends for step in steps), cut_beams(steps[-1], log_probs)])

    # 2. Rank them. Of two steps with 3 beams, the lengths without EOS are 0 0 0 1 1 1, and 1 1 1 of
    # those that are cut; EOS counts where there is one, and divisors[0] belongs to a length of 1.
    of_step = torch.tensor([*range(num_steps), num_steps - 1], device=device)
    lengths = of_step.repeat_interleave(width).expand(groups, -1)
    finished = torch.arange(lengths.shape[1], device=device).expand(groups, -1) < num_steps * width
    scores = texts.log_probs / divisors[(lengths + finished.long() - 1).clamp(min=0)]
    order = best_first(scores, finished)[:, :num_captions]

    # 3. Rebuild the best, [groups, captions, target].
    texts, lengths = texts.take(order), lengths.gather(1, order)
    token_ids, token_log_probs, attention_weights = backtrace(steps, texts.parents, lengths)
    token_log_probs.scatter_(2, lengths.unsqueeze(2), texts.token_log_probs.unsqueeze(2))  # EOS's
    return Paths(
        token_ids,
        token_log_probs,
        attention_weights,
        lengths,
        log_probs=texts.log_probs,
        scores=scores.gather(1, order),
        finished=finished.gather(1, order),
    )


def cut_beams(last: Step, log_probs: Float[Tensor, "groups width"]) -> Candidates:
    """Return the last step's starting beams as cut texts, without those that ended there."""
    ended = torch.zeros_like(log_probs).scatter_add_(
        1, last.ends.parents, (last.ends.log_probs > -torch.inf).float()
    )
    beams = torch.arange(log_probs.shape[1], device=log_probs.device).expand_as(log_probs)
    return Candidates(
        beams, beams, torch.zeros_like(log_probs), log_probs.masked_fill(ended > 0, -torch.inf)
    )


def backtrace(
    steps: list[Step], beams: Int[Tensor, "groups n"], lengths: Int[Tensor, "groups n"]
) -> tuple[
    Int[Tensor, "groups n target"],
    Float[Tensor, "groups n target"],
    Float[Tensor, "groups n target source"],
]:
    """Return words, log-probabilities and attention of texts that end in `beams`."""
    words = []
    for position in reversed(range(len(steps))):
        live, attention_weights = (
            steps[position].live.take(beams),
            steps[position].attention_weights,
        )
        # A text that is shorter stays at the beam where it ended until the steps are as early as
        # its last word.
        inside = position < lengths
        beams = torch.where(inside, live.parents, beams)
        weights = attention_weights.take_along_dim(
            beams.unsqueeze(2), 1
        )  # [groups, width, source] -> [groups, n, source]
        words.append((live.token_ids, live.token_log_probs, weights))
    token_ids, token_log_probs, attention = zip(*reversed(words), strict=True)
    return torch.stack(token_ids, 2), torch.stack(token_log_probs, 2), torch.stack(attention, 2)


def merge(groups: list[list[Hypothesis]], num_captions: int) -> list[Hypothesis]:
    """Choose an item's hypotheses, each text once, sorted.

    They are the best of each group, then the second of each, and so on.
    """
    if len(groups) > 1:
        distinct: dict[tuple[int, ...], Hypothesis] = {}
        for tier in zip_longest(*groups):
            for hypothesis in filter(None, tier):
                distinct.setdefault(hypothesis.token_ids, hypothesis)
        chosen = list(distinct.values())[:num_captions]
        chosen.sort(key=lambda hypothesis: (not hypothesis.finished, -hypothesis.score))
    else:
        chosen = groups[0]
    return chosen + chosen[-1:] * (num_captions - len(chosen))
