"""Makes batches: chooses the photos of each update, and pads the token ids of their captions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

# Captions of one batch are sorted by length and padded in so many groups. On two cores, 200
# captions of Flickr8k cost 1.9 times less in 4 groups than in one: padding falls from 55 to 15 %,
# and a group is still wide enough for the LSTM.
LENGTH_GROUPS = 4


@dataclass(frozen=True)
class TargetGroup:
    """Captions of similar length.

    Attributes:
        target_input: Starts with BOS, or with the token of its language, `[rows, target]`.
        target_output: Ends with EOS, then padding, `[rows, target]`.
        item_index: The item of the batch that each row describes, `[rows]`.
    """

    target_input: Int[Tensor, "rows target"]
    target_output: Int[Tensor, "rows target"]
    item_index: Int[Tensor, " rows"]

    def to(self, device: torch.device) -> "TargetGroup":
        """Return the group on another device."""
        return TargetGroup(
            self.target_input.to(device), self.target_output.to(device), self.item_index.to(device)
        )


def group_targets(
    captions: Sequence[Sequence[Sequence[int]]],
    eos_id: int,
    pad_id: int,
    num_groups: int = LENGTH_GROUPS,
) -> list[TargetGroup]:
    """Pad the captions of some items in groups of similar length.

    Args:
        captions: The captions of each item. A caption is the token that the decoder reads first
            (BOS, or that of its language) and the words' tokens, without EOS.
        eos_id: Added at the end of each caption.
        pad_id: Fills the rest of a row.
        num_groups: The most groups to make.
    """
    rows = [(ids, item) for item, several in enumerate(captions) for ids in several]
    rows.sort(key=lambda row: len(row[0]))
    size = -(-len(rows) // num_groups)
    return [_pad(rows[start : start + size], eos_id, pad_id) for start in range(0, len(rows), size)]


def _pad(rows: Sequence[tuple[Sequence[int], int]], eos_id: int, pad_id: int) -> TargetGroup:
    longest = max(len(ids) for ids, _ in rows)
    target_input = torch.full((len(rows), longest), pad_id)
    target_output = torch.full((len(rows), longest), pad_id)
    for row, (ids, _) in enumerate(rows):
        target_input[row, : len(ids)] = torch.tensor(ids)
        target_output[row, : len(ids)] = torch.tensor([*ids[1:], eos_id])
    return TargetGroup(target_input, target_output, torch.tensor([item for _, item in rows]))


@dataclass(frozen=True)
class EpochPlan:
    """The order of one epoch, the same for every process and for a resumed run.

    Attributes:
        batches: Indexes of the examples of each update.
        views: The view of each example's photo in this epoch.
    """

    batches: list[list[int]]
    views: list[int]


def plan_epoch(
    num_examples: int,
    batch_size: int,
    num_views: int,
    seed: int,
    epoch: int,
    weights: Sequence[float] | None = None,
) -> EpochPlan:
    """Shuffle the examples; seed and epoch determine their order.

    Args:
        num_examples: Number of examples.
        batch_size: Number of examples of one update.
        num_views: Number of views of each photo.
        seed: The run's seed.
        epoch: Counted from 0.
        weights: How often each example is shown; the fractional part is a probability. None for
            once each.
    """
    rng = np.random.default_rng([seed, epoch])
    order = rng.permutation(num_examples)
    if weights is not None:
        times = np.floor(np.array(weights) + rng.random(num_examples)).astype(int)
        order = rng.permutation(np.repeat(np.arange(num_examples), times))
    views = rng.integers(num_views, size=num_examples).tolist()
    numbers = order.tolist()
    return EpochPlan(
        [numbers[start : start + batch_size] for start in range(0, len(numbers), batch_size)], views
    )


def mix_texts(
    photos: EpochPlan, num_texts: int, batch_texts: int, text_weight: float, seed: int, epoch: int
) -> EpochPlan:
    """Mix updates on texts at random with those on photos; later epochs go on with other texts.

    Args:
        photos: The plan of the photos; the texts' numbers follow theirs.
        num_texts: Number of texts; after the last one, they begin anew.
        batch_texts: Number of texts of one update.
        text_weight: Number of updates on texts for each update on photos.
        seed: The run's seed.
        epoch: Counted from 0.
    """
    num_updates = round(text_weight * len(photos.batches))
    order = np.random.default_rng([seed, num_texts]).permutation(num_texts) + len(photos.views)
    first = epoch * num_updates * batch_texts
    batches = [
        np.take(order, range(start, start + min(batch_texts, num_texts)), mode="wrap").tolist()
        for start in range(first, first + num_updates * batch_texts, batch_texts)
    ]
    mixed = photos.batches + batches
    np.random.default_rng([seed, epoch, num_texts]).shuffle(mixed)
    return EpochPlan(mixed, photos.views + [0] * num_texts)


def plan_buckets(
    target_lengths: Sequence[int],
    source_lengths: Sequence[int],
    batch_tokens: int,
    seed: int,
    epoch: int,
    weights: Sequence[float] | None = None,
) -> EpochPlan:
    """Batch examples of similar length and shuffle the batches; seed and epoch determine the order.

    Args:
        target_lengths: Number of target tokens of each example.
        source_lengths: Number of source tokens of each.
        batch_tokens: The most target tokens of a batch, padding included; a longer example is a
            batch of its own.
        seed: The run's seed.
        epoch: Counted from 0; examples of the same lengths are batched differently in each epoch.
        weights: How often each example is shown; the fractional part is a probability. None for
            once each.
    """
    rng = np.random.default_rng([seed, epoch])
    order = np.lexsort(
        (rng.random(len(target_lengths)), np.array(source_lengths), np.array(target_lengths))
    )
    if weights is not None:
        order = np.repeat(
            order, np.floor(np.array(weights) + rng.random(len(weights))).astype(int)[order]
        )
    batches: list[list[int]] = [[]]
    for number in order.tolist():  # ascending, so that the newest is the longest
        if batches[-1] and (len(batches[-1]) + 1) * target_lengths[number] > batch_tokens:
            batches.append([])
        batches[-1].append(number)
    rng.shuffle(batches)
    return EpochPlan(batches, [0] * len(target_lengths))
