"""Ranks the texts that a beam search found, and follows each back to its first word."""

from dataclasses import dataclass
from itertools import zip_longest

from jaxtyping import Float, Int

from captioner.modules.arrays import Array, add_at, integers, library, repeat, take
from captioner.search.candidates import Candidates
from captioner.search.contract import Hypothesis, Paths, best_first


@dataclass(frozen=True)
class Step:
    """The result of one step: the beams that go on, the texts that ended, and the attention.

    Attributes:
        items: Numbers of the items still in the search, ascending.
    """

    items: Int[Array, " items"]
    live: Candidates
    ends: Candidates
    attention_weights: Float[Array, "groups width source"]

    def of(self, items: Int[Array, " selected"]) -> "Step":
        """Return the part of some of its items."""
        groups = members(
            library(items).searchsorted(self.items, items),
            len(self.attention_weights) // len(self.items),
        )
        return Step(
            items,
            self.live.select(groups),
            self.ends.select(groups),
            self.attention_weights[groups],
        )


def members(
    owners: Int[Array, " owners"], size: int, which: Int[Array, "owners n"] | None = None
) -> Int[Array, " members"]:
    """Return the indices of the members of owners with `size` members each, all or only `which`.

    Owners [0, 2] of 3 members each: [0, 1, 2, 6, 7, 8]; only `which` [[1], [0]] of them: [1, 6].
    """
    if which is None:
        which = library(owners).arange(size, device=owners.device)
    return (owners[:, None] * size + which).flatten()


def finish(
    items: Int[Array, " items"],
    log_probs: Float[Array, "groups width"],
    steps: list[Step],
    divisors: Float[Array, " length"],
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
    log_probs: Float[Array, "groups width"],
    divisors: Float[Array, " length"],
    num_captions: int,
) -> Paths:
    """Rank all texts of each group and trace the best ones back to their first words.

    Args:
        steps: All steps of the search.
        log_probs: The beams that the last step started from; those that did not end there are cut.
        divisors: The length penalty of each length.
        num_captions: Number of texts wanted of each group.
    """
    xp, num_steps, (groups, width) = library(log_probs), len(steps), log_probs.shape
    # 1. Collect all texts, [groups, (num_steps + 1) * width]: those that ended at each step, then
    # those that are cut.
    texts = Candidates.join([*(step.ends for step in steps), cut_beams(steps[-1], log_probs)])

    # 2. Rank them. For two steps with 3 beams, the lengths without EOS are 0 0 0 1 1 1, and 1 1 1
    # for cut texts. EOS counts where there is one, and divisors[0] belongs to a length of 1.
    of_step = repeat(integers([*range(num_steps), num_steps - 1], log_probs), width)
    lengths = xp.broadcast_to(of_step, (groups, len(of_step)))
    ended = xp.arange(len(of_step), device=log_probs.device) < num_steps * width
    finished = xp.broadcast_to(ended, lengths.shape)
    scores = texts.log_probs / divisors[xp.clip(xp.where(finished, lengths, lengths - 1), 0, None)]
    order = best_first(scores, finished)[:, :num_captions]

    # 3. Rebuild the best, [groups, captions, target].
    texts, lengths = texts.take(order), take(lengths, order, 1)
    token_ids, token_log_probs, attention_weights = backtrace(steps, texts.parents, lengths)
    at_end = xp.arange(num_steps, device=log_probs.device) == lengths[..., None]
    token_log_probs = xp.where(at_end, texts.token_log_probs[..., None], token_log_probs)  # EOS's
    return Paths(
        token_ids,
        token_log_probs,
        attention_weights,
        lengths,
        log_probs=texts.log_probs,
        scores=take(scores, order, 1),
        finished=take(finished, order, 1),
    )


def cut_beams(last: Step, log_probs: Float[Array, "groups width"]) -> Candidates:
    """Return the last step's starting beams as cut texts, without those that ended there."""
    xp = library(log_probs)
    ended = xp.zeros_like(log_probs)
    add_at(ended, last.ends.parents, xp.where(last.ends.log_probs > -xp.inf, 1.0, 0.0))
    beams = xp.broadcast_to(xp.arange(log_probs.shape[1], device=log_probs.device), log_probs.shape)
    return Candidates(
        beams, beams, xp.zeros_like(log_probs), xp.where(ended > 0, -xp.inf, log_probs)
    )


def backtrace(
    steps: list[Step], beams: Int[Array, "groups n"], lengths: Int[Array, "groups n"]
) -> tuple[
    Int[Array, "groups n target"],
    Float[Array, "groups n target"],
    Float[Array, "groups n target source"],
]:
    """Return words, log-probabilities and attention of texts that end in `beams`."""
    xp, words = library(beams), []
    for position in reversed(range(len(steps))):
        live, attention_weights = (
            steps[position].live.take(beams),
            steps[position].attention_weights,
        )
        # A shorter text stays at the beam where it ended, until the loop is back at its last word.
        inside = position < lengths
        beams = xp.where(inside, live.parents, beams)
        # [groups, width, source] -> [groups, n, source]
        weights = take(attention_weights, beams[..., None], 1)
        words.append((live.token_ids, live.token_log_probs, weights))
    token_ids, token_log_probs, attention = zip(*reversed(words), strict=True)
    return xp.stack(token_ids, 2), xp.stack(token_log_probs, 2), xp.stack(attention, 2)


def merge(groups: list[list[Hypothesis]], num_captions: int) -> list[Hypothesis]:
    """Merge the hypotheses of an item's groups, each text once, and sort them.

    The best of each group are chosen first, then the second of each, and so on.
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
