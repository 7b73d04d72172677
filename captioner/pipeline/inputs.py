"""Distinguishes one input from several, and divides several into batches."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, TypeVar

import numpy as np

from captioner.errors import InputError

T = TypeVar("T")


def several(given: Any, wanted: str) -> Iterable[Any]:
    """Return a collection (a list, a generator, a table's column) as it is.

    Raises:
        InputError: It is no collection.
    """
    is_tensor = type(given).__module__ == "torch"
    if isinstance(given, Iterable) and not (
        is_tensor or isinstance(given, str | bytes | bytearray | Mapping | np.ndarray)
    ):
        return given
    raise InputError(f"<{type(given).__name__}>", f"give {wanted}, or several of them")


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of `size` items; the items of a list are taken only when it is asked for."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
