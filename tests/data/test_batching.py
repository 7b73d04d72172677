"""Batches: padding, groups of similar length, and an order that only seed and epoch decide."""

from itertools import pairwise

import pytest
import torch

from captioner.data.batching import EpochPlan, group_targets, plan_buckets, plan_epoch

PAD, BOS, EOS = 0, 1, 2
CAPTIONS = [[(1, 5, 6), (1, 7)], [(1,), (1, 5, 6, 7, 8, 9)], [(1, 6, 6, 6)]]  # each begins with BOS


def rows_of(groups):
    """Each caption with its item, read back from the groups."""
    rows = []
    for group in groups:
        for given, wanted, item in zip(
            group.target_input, group.target_output, group.item_index, strict=True
        ):
            length = int((wanted != PAD).sum())
            assert given[0] == BOS
            assert wanted[length - 1] == EOS
            assert torch.equal(given[1:length], wanted[: length - 1])
            assert not given[length:].any()
            assert not wanted[length:].any()
            rows.append((int(item), tuple(given[:length].tolist())))
    return rows


@pytest.mark.parametrize("num_groups", [1, 2, 3, 4, 9])
def test_groups_hold_every_caption_once(num_groups):
    groups = group_targets(CAPTIONS, EOS, PAD, num_groups)
    expected = [(item, ids) for item, several in enumerate(CAPTIONS) for ids in several]
    assert sorted(rows_of(groups)) == sorted(expected)
    assert len(groups) <= num_groups


def test_groups_are_of_similar_length():
    groups = group_targets(CAPTIONS, EOS, PAD, 3)
    lengths = [(group.target_output != PAD).sum(1) for group in groups]
    assert all(earlier.max() <= later.min() for earlier, later in pairwise(lengths))
    assert all(
        group.target_output.shape[1] == length.max()
        for group, length in zip(groups, lengths, strict=True)
    )


def test_a_caption_begins_with_the_token_of_its_language():
    (group,) = group_targets([[(3, 5)], [(4, 6)]], EOS, PAD, 1)
    assert group.target_input.tolist() == [[3, 5], [4, 6]]
    assert group.target_output.tolist() == [[5, EOS], [6, EOS]]


def test_group_moves_whole():
    group = group_targets(CAPTIONS, EOS, PAD, 1)[0].to(torch.device("meta"))
    assert {field.device.type for field in vars(group).values()} == {"meta"}


def test_plan_shows_every_example_once():
    plan = plan_epoch(11, 4, 3, seed=0, epoch=0)
    assert [len(batch) for batch in plan.batches] == [4, 4, 3]
    assert sorted(index for batch in plan.batches for index in batch) == list(range(11))
    assert len(plan.views) == 11
    assert set(plan_epoch(200, 4, 3, seed=0, epoch=0).views) == {0, 1, 2}


def test_plan_depends_on_seed_and_epoch_alone():
    assert plan_epoch(11, 4, 3, 5, 1) == plan_epoch(11, 4, 3, 5, 1)
    plans = [plan_epoch(11, 4, 3, seed, epoch) for seed in (5, 6) for epoch in (1, 2)]
    assert all(isinstance(plan, EpochPlan) for plan in plans)
    assert len({str(plan) for plan in plans}) == 4


TARGET_LENGTHS = [3, 9, 4, 4, 30, 3, 5, 8, 4, 3, 4, 6, 9, 4, 5, 7, 3]
SOURCE_LENGTHS = [5, 8, 2, 9, 20, 4, 5, 9, 2, 3, 4, 6, 8, 3, 6, 7, 5]


def test_buckets_hold_every_example_once_within_the_tokens_allowed():
    plan = plan_buckets(TARGET_LENGTHS, SOURCE_LENGTHS, 20, seed=0, epoch=0)
    assert sorted(number for batch in plan.batches for number in batch) == list(
        range(len(TARGET_LENGTHS))
    )
    sizes = [len(batch) * max(TARGET_LENGTHS[number] for number in batch) for batch in plan.batches]
    assert sorted(sizes)[-1] == 30  # the one that is longer than allowed is a batch of its own
    assert all(size <= 20 for size in sorted(sizes)[:-1])
    assert plan.views == [0] * len(TARGET_LENGTHS)


def test_a_bucket_is_of_similar_length_and_as_large_as_allowed():
    plan = plan_buckets(TARGET_LENGTHS, SOURCE_LENGTHS, 20, seed=0, epoch=0)
    spans = sorted(
        (min(lengths), max(lengths))
        for lengths in ([TARGET_LENGTHS[n] for n in b] for b in plan.batches)
    )
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(spans))
    padded = sum(
        len(batch) * max(TARGET_LENGTHS[number] for number in batch) for batch in plan.batches
    )
    assert padded < 1.15 * sum(TARGET_LENGTHS)
    assert len(plan.batches) <= 8


def test_buckets_depend_on_seed_and_epoch_alone_and_come_in_another_order_each_time():
    def planned(seed: int, epoch: int) -> EpochPlan:
        return plan_buckets(TARGET_LENGTHS, SOURCE_LENGTHS, 20, seed, epoch)

    assert planned(5, 1) == planned(5, 1)
    plans = [planned(seed, epoch) for seed in (5, 6) for epoch in (1, 2)]
    assert len({str(plan.batches) for plan in plans}) == 4
    longest_at = {
        next(place for place, batch in enumerate(planned(0, epoch).batches) if 4 in batch)
        for epoch in range(9)
    }
    assert len(longest_at) > 2


def test_examples_of_the_same_lengths_meet_others_in_each_epoch():
    met = {
        frozenset(
            next(
                batch
                for batch in plan_buckets([4] * 9, [4] * 9, 12, 0, epoch).batches
                if 0 in batch
            )
        )
        for epoch in range(9)
    }
    assert len(met) > 3


def test_a_bucket_has_sources_of_similar_length_too():
    sources = [1, 9, 1, 9, 1, 9]
    plan = plan_buckets([4] * 6, sources, 12, seed=0, epoch=0)
    assert sorted(sorted(sources[number] for number in batch) for batch in plan.batches) == [
        [1, 1, 1],
        [9, 9, 9],
    ]
