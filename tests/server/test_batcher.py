"""Batches of concurrent requests: what fits goes together, the oldest first, and errors reach
those who wait.
"""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from captioner.config import SearchConfig
from captioner.server.batcher import Batcher

SEARCH, OTHER = SearchConfig(), SearchConfig(beam_size=2)


class Model:
    """Doubles numbers; the first batch waits until it may begin."""

    def __init__(self):
        self.batches, self.begun, self.may_go_on = [], Event(), Event()

    def work(self, items, search):
        self.batches.append((list(items), search))
        self.begun.set()
        assert self.may_go_on.wait(10)
        return [2 * item for item in items]


@pytest.fixture
def held():
    """A model that is at work on a first item, and the batcher before it."""
    model, counted = Model(), []
    with ThreadPoolExecutor(1) as pool:
        batcher = Batcher(pool, largest=3, measured=lambda count, seconds: counted.append(count))
        first = batcher.submit(model.work, 0, SEARCH)
        assert model.begun.wait(10)
        yield model, batcher, counted
        model.may_go_on.set()
        assert first.result(10) == 0


def test_what_waits_goes_together_in_order_and_no_batch_is_too_large(held):
    model, batcher, counted = held
    futures = [batcher.submit(model.work, item, SEARCH) for item in range(1, 6)]
    model.may_go_on.set()
    assert [future.result(10) for future in futures] == [2, 4, 6, 8, 10]
    assert [items for items, _ in model.batches] == [[0], [1, 2, 3], [4, 5]]
    assert counted == [1, 3, 2]


def test_other_options_are_another_batch_and_none_is_forgotten(held):
    model, batcher, _ = held
    futures = [
        batcher.submit(model.work, item, OTHER if item % 2 else SEARCH) for item in range(1, 6)
    ]
    model.may_go_on.set()
    assert [future.result(10) for future in futures] == [2, 4, 6, 8, 10]
    assert model.batches[1:] == [([1, 3, 5], OTHER), ([2, 4], SEARCH)]


def test_other_work_is_another_batch(held):
    model, batcher, _ = held
    other = Model()
    other.may_go_on.set()
    futures = [batcher.submit(one.work, 1, SEARCH) for one in (model, other, model)]
    model.may_go_on.set()
    assert [future.result(10) for future in futures] == [2, 2, 2]
    assert other.batches == [([1], SEARCH)]


def test_who_gave_up_is_left_out(held):
    model, batcher, _ = held
    gone, here = batcher.submit(model.work, 1, SEARCH), batcher.submit(model.work, 2, SEARCH)
    assert gone.cancel()
    model.may_go_on.set()
    assert here.result(10) == 4
    assert model.batches[1:] == [([2], SEARCH)]


def test_an_error_reaches_all_of_its_batch_and_the_next_one_runs(held):
    model, batcher, _ = held

    def fails(items, search):
        raise MemoryError("too much")

    failed = [batcher.submit(fails, item, SEARCH) for item in (1, 2)]
    fine = batcher.submit(model.work, 3, SEARCH)
    model.may_go_on.set()
    for future in failed:
        with pytest.raises(MemoryError, match="too much"):
            future.result(10)
    assert fine.result(10) == 6


def test_a_model_that_returns_too_few_results_leaves_nobody_waiting(held):
    model, batcher, _ = held

    def one_result(items, search):
        return [1]

    futures = [batcher.submit(one_result, item, SEARCH) for item in (1, 2)]
    model.may_go_on.set()
    for future in futures:
        with pytest.raises(ValueError, match="shorter"):
            future.result(10)
