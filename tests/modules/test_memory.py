"""A memory checks its shapes and selects its items."""

import inspect
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from captioner.errors import ShapeError
from captioner.modules.memory import DetectedConcepts, GridLayout, Memory

LAYOUT = GridLayout(1, 5)


def make(mask: list[list[bool]], dim: int = 7) -> Memory:
    real = torch.tensor(mask)
    keys, values = torch.randn(2, *real.shape, dim, generator=torch.Generator().manual_seed(0))
    return Memory(keys, values, real, LAYOUT)


MASK = [[True] * 5, [True, True, True, False, False], [False, True, False, True, False]]


def test_select_takes_items_with_all_that_is_theirs():
    memory = make(MASK)
    chosen = memory.select(torch.tensor([2, 0, 2, 2]))
    assert len(chosen) == 4
    assert chosen.layout == LAYOUT
    for row, item in enumerate([2, 0, 2, 2]):
        for field in ("keys", "values", "mask"):
            assert torch.equal(getattr(chosen, field)[row], getattr(memory, field)[item])


def test_joined_memories_are_what_was_selected_from_one():
    memory = make(MASK)
    concepts = DetectedConcepts(torch.rand(3, 7), torch.randint(7, (3, 4)))
    for whole in (memory, replace(memory, concepts=concepts)):
        parts = [whole.select(torch.tensor(items)) for items in ([0], [1, 2])]
        joined = Memory.join(parts)
        assert joined.layout == LAYOUT
        for field in ("keys", "values", "mask"):
            assert torch.equal(getattr(joined, field), getattr(whole, field))
        if whole.concepts is None:
            assert joined.concepts is None
        else:
            assert torch.equal(joined.concepts.word_ids, concepts.word_ids)
            assert torch.equal(joined.concepts.probabilities, concepts.probabilities)


def test_a_probability_that_is_rounded_to_0_tells_nothing():
    probabilities = torch.tensor([[0.0, 0.4, 0.0, 0.2]])
    found = DetectedConcepts.most_telling(probabilities, torch.tensor([0.5, 0.1, 0.01, 0.1]), 2)
    assert found.word_ids.tolist() == [[1, 3]]


def test_the_most_telling_concepts_come_first():
    # p log(p / frequency): 0.9 log 1 = 0, 0.5 log 5 = 0.80 and 0.3 log 30 = 1.02 in the first row.
    probabilities = torch.tensor([[0.9, 0.5, 0.3], [0.8, 0.2, 0.02]])
    found = DetectedConcepts.most_telling(probabilities, torch.tensor([0.9, 0.1, 0.01]), 2)
    assert found.word_ids.tolist() == [[2, 1], [1, 2]]
    assert DetectedConcepts.most_telling(
        probabilities, torch.full((3,), 0.1), 5
    ).word_ids.shape == (2, 3)


def test_a_hint_takes_the_last_places_and_makes_its_words_likelier():
    probabilities = torch.tensor([[0.5, 0.2, 0.9, 0.01, 0.3], [0.1, 0.6, 0.2, 0.3, 0.9]])
    detected = DetectedConcepts(probabilities, torch.tensor([[2, 0, 4], [4, 1, 3]]))
    found = detected.hinted([3, 4], odds=9.0)
    assert found.word_ids.tolist() == [
        [2, 3, 4],
        [1, 3, 4],
    ]  # what is not hinted keeps its order, the least goes
    expected = probabilities.clone()
    expected[0, [3, 4]] = torch.tensor([0.09 / 1.08, 2.7 / 3.4])  # 9 p / (1 + 8 p)
    expected[1, [3, 4]] = torch.tensor([2.7 / 3.4, 8.1 / 8.2])
    torch.testing.assert_close(found.probabilities, expected)
    assert detected.hinted([0, 1, 2], odds=1.0).probabilities.equal(probabilities)
    assert detected.word_ids.tolist() == [[2, 0, 4], [4, 1, 3]]


def test_mean_is_that_of_the_real_values():
    memory = make(MASK)
    for item, real in enumerate(MASK):
        torch.testing.assert_close(memory.mean()[item], memory.values[item, real].mean(0))


def test_mean_of_nothing_is_zero():
    assert not make([[False] * 5]).mean().any()


def test_mean_does_not_see_padding():
    memory = make(MASK)
    values = torch.where(memory.mask.unsqueeze(-1), memory.values, 1e6)
    assert torch.equal(Memory(memory.keys, values, memory.mask, LAYOUT).mean(), memory.mean())


@pytest.mark.parametrize(
    ("values", "mask"),
    [((3, 4, 7), (3, 5)), ((2, 5, 7), (3, 5)), ((3, 5, 7), (3, 4)), ((3, 5, 7), (2, 5))],
)
def test_shapes_must_agree(values, mask):
    unchecked = inspect.unwrap(Memory.__post_init__)  # the tests' own shape check would be first
    fields = {
        "keys": torch.zeros(3, 5, 7),
        "values": torch.zeros(values),
        "mask": torch.ones(mask, dtype=torch.bool),
    }
    with pytest.raises(ShapeError, match=r"keys \(3, 5, 7\)"):
        unchecked(SimpleNamespace(**fields))
