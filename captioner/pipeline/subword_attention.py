"""Turns attention between subwords into attention between words."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from captioner.preprocess.text import Piece
from captioner.preprocess.tokenization import words_of_subwords


def attention_when_read(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give each subword the attention of the next step; the last one keeps its own.

    A query is computed from the subwords written so far, and attends to the source of the newest
    one. The source of the next one stands beside it, within reach of the convolutions. The source
    of a subword is therefore seen in the step that reads it, not in the step that writes it.

    Source:
        Chen et al. 2020, arXiv:2004.14837, section 3 (Shift-Att).
    """
    return np.concatenate([weights[1:], weights[-1:]])


def summed(
    values: NDArray[Any], groups: Sequence[int | None], num_groups: int, axis: int
) -> NDArray[Any]:
    """Sum the values of each group along an axis; values without a group are left out."""
    membership = np.zeros((num_groups, len(groups)), values.dtype)
    for member, group in enumerate(groups):
        if group is not None:
            membership[group, member] = 1
    return membership @ values if axis == 0 else values @ membership.T


def over_source_words(
    weights: NDArray[np.float32], source_tokens: Sequence[str], piece: Piece
) -> NDArray[np.float32]:
    """Return the attention of each target subword over the words of the source.

    Args:
        weights: Attention of each target subword over the source's subwords and its end,
            `[subword, source]`.
        source_tokens: The source's subwords.
        piece: The source that was read.

    Returns:
        The sum of the weights of each source word's subwords, `[subword, source word]`.
    """
    read = [
        None if word is None else piece.reading.columns[word]
        for word in words_of_subwords(source_tokens)
    ]
    columns = [None if column is None else column - piece.start for column in read]
    return summed(weights[:, : len(source_tokens)], columns, piece.end - piece.start, axis=1)
