"""Attention by subwords to attention by words."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def attention_when_read(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give each subword the attention of the next step; the last one keeps its own.

    A query is made of the subwords written so far, and finds the source of the newest. The source
    of the next one stands beside it, within reach of the convolutions. So where a subword came from
    is seen when it is read, not when it is written.

    Source:
        Chen et al. 2020, arXiv:2004.14837, section 3 (Shift-Att).
    """
    return np.concatenate([weights[1:], weights[-1:]])


def summed(
    values: NDArray[Any], groups: Sequence[int | None], num_groups: int, axis: int
) -> NDArray[Any]:
    """Add up what belongs to one group along an axis; what belongs to none is left out."""
    membership = np.zeros((num_groups, len(groups)), values.dtype)
    for member, group in enumerate(groups):
        if group is not None:
            membership[group, member] = 1
    return membership @ values if axis == 0 else values @ membership.T
