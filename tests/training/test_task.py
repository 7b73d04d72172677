"""Sources are loaded one batch ahead, in order."""

import threading

import pytest
import torch

from captioner.errors import InputError
from captioner.training.task import prefetch


class Source:
    """Returns the number of the item; remembers which were asked for."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.started = threading.Event()

    def load(self, numbers, views, seed):
        self.asked.append(numbers[0])
        if numbers[0] == 1:
            self.started.set()
        if numbers[0] == 3:
            raise InputError("three.png", "broken")
        return torch.tensor(numbers)


def test_prefetch_keeps_the_order_and_works_ahead():
    source = Source()
    loads = prefetch((source, [number], [0], 0) for number in range(3))
    assert next(loads) == 0
    assert source.started.wait(5)
    assert [int(load) for load in loads] == [1, 2]
    assert source.asked == [0, 1, 2]


def test_prefetch_hands_errors_on():
    loads = prefetch((Source(), [number], [0], 0) for number in (2, 3, 4))
    assert next(loads) == 2
    with pytest.raises(InputError, match="three"):
        next(loads)


def test_prefetch_of_nothing():
    assert list(prefetch(())) == []
