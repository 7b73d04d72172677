"""The steps of a beam search back to its texts: ranks them, and follows each to its first word."""

from dataclasses import dataclass
from itertools import zip_longest

import torch
from jaxtyping import Float, Int
from torch import Tensor

from captioner.search.candidates import Candidates
from captioner.search.contract import (
    Hypothesis,
    Paths,
    best_first,
)


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


def members(
    owners: Int[Tensor, " owners"], size: int, which: Int[Tensor, "owners n"] | None = None
) -> Int[Tensor, " members"]:
    """Return the members, all or only `which`, of owners that have `size` members each.

    Owners [0, 2] of 3 members each: [0, 1, 2, 6, 7, 8]; only `which` [[1], [0]] of them: [1, 6].
    """
    which = torch.arange(size, device=owners.device) if which is None else which
    return (owners.unsqueeze(1) * size + which).flatten()


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
