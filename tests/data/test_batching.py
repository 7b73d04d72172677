"""Batches: padding, groups of similar length, and an order that only seed and epoch decide."""

from itertools import pairwise

import pytest
import torch

from captioner.data.batching import EpochPlan, group_targets, plan_epoch

PAD, BOS, EOS = 0, 1, 2
CAPTIONS = [[(5, 6), (7,)], [(), (5, 6, 7, 8, 9)], [(6, 6, 6)]]


def rows_of(groups):
    """Each caption with its item, read back from the groups."""
    rows = []
    for group in groups:
        for given, wanted, item in zip(group.target_input, group.target_output, group.item_index, strict=True):
            length = int((wanted != PAD).sum())
            assert given[0] == BOS
            assert wanted[length - 1] == EOS
            assert torch.equal(given[1:length], wanted[: length - 1])
            assert not given[length:].any()
            assert not wanted[length:].any()
            rows.append((int(item), tuple(given[1:length].tolist())))
    return rows


@pytest.mark.parametrize("num_groups", [1, 2, 3, 4, 9])
def test_groups_hold_every_caption_once(num_groups):
    groups = group_targets(CAPTIONS, BOS, EOS, PAD, num_groups)
    expected = [(item, ids) for item, several in enumerate(CAPTIONS) for ids in several]
    assert sorted(rows_of(groups)) == sorted(expected)
    assert len(groups) <= num_groups


def test_groups_are_of_similar_length():
    groups = group_targets(CAPTIONS, BOS, EOS, PAD, 3)
    lengths = [(group.target_output != PAD).sum(1) for group in groups]
    assert all(earlier.max() <= later.min() for earlier, later in pairwise(lengths))
    assert all(group.target_output.shape[1] == length.max() for group, length in zip(groups, lengths, strict=True))


def test_group_moves_whole():
    group = group_targets(CAPTIONS, BOS, EOS, PAD, 1)[0].to(torch.device("meta"))
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
