"""The array operations of memory and search that numpy and torch name differently.

All others, such as `where` or `concatenate`, have the same name in both. So one search serves torch
models, on the device of their tensors, and ONNX graphs, without torch.
"""

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = Any
"""A numpy array or a torch tensor; those used together are of one library and device."""

FEW = 32  # finding up to so many greatest values one by one is faster than sorting


def library(array: Array) -> Any:
    """Return the module whose functions take an array: numpy or torch."""
    return np if isinstance(array, np.ndarray) else sys.modules["torch"]


def inference(array: Array) -> AbstractContextManager[Any]:
    """Return a context for computing with such arrays, without gradients or warnings."""
    if isinstance(array, np.ndarray):
        return np.errstate(all="ignore")
    context: AbstractContextManager[Any] = library(array).inference_mode()
    return context


def integers(values: int | Sequence[int], like: Array) -> Array:
    """Return whole numbers as an array of another one's library and device."""
    xp = library(like)
    return xp.asarray(values, dtype=xp.int64, device=like.device)


def as_numpy(array: Array) -> NDArray[np.float32]:
    """Return floats of any library, precision and device as a numpy array."""
    return array if isinstance(array, np.ndarray) else array.float().cpu().numpy()


def repeat(array: Array, count: int, axis: int = 0) -> Array:
    """Repeat each entry of an axis `count` times in a row."""
    if isinstance(array, np.ndarray):
        return array.repeat(count, axis)
    return array.repeat_interleave(count, axis)


def take(array: Array, index: Array, axis: int) -> Array:
    """Return the values at `index` along an axis; values and index share all other axes."""
    if isinstance(array, np.ndarray):
        return np.take_along_axis(array, index, axis)
    return array.take_along_dim(index, axis)


def add_at(array: Array, index: Array, values: Array) -> None:
    """Add values to each row in place at its own indices, which may repeat."""
    if isinstance(array, np.ndarray):
        np.add.at(array, (np.arange(len(array))[:, None], index), values)
    else:
        array.scatter_add_(1, index, values)


def argsort(values: Array, descending: bool = False) -> Array:
    """Return the indices that sort each row's values; ties keep their order."""
    if isinstance(values, np.ndarray):
        return np.argsort(-values if descending else values, axis=-1, kind="stable")
    return values.argsort(dim=-1, descending=descending, stable=True)


def softmax(values: Array) -> Array:
    """Return the probabilities of the last axis."""
    if not isinstance(values, np.ndarray):
        return values.softmax(-1)
    likely = np.exp(values - values.max(-1, keepdims=True))
    return likely / likely.sum(-1, keepdims=True)


def log_softmax(logits: Array) -> Array:
    """Return log-probabilities of the last axis in float32."""
    if not isinstance(logits, np.ndarray):
        return logits.float().log_softmax(-1)
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def top_k(values: Array, k: int) -> tuple[Array, Array]:
    """Return each row's k greatest values and their indices, best first; ties keep their order.

    Args:
        values: Of any number of axes; the last one is searched.
        k: If there are fewer values, all are returned.
    """
    k = min(k, values.shape[-1])
    found = _numpy_top_k if isinstance(values, np.ndarray) else _torch_top_k
    return found(values, k)


def _torch_top_k(values: Array, k: int) -> tuple[Array, Array]:
    """Use `topk`, but sort the rows with ties, since `topk` returns equal values in any order.

    One value more than k shows which rows have ties.
    """
    top, index = values.topk(min(k + 1, values.shape[-1]), -1)
    tied = ((top[..., 1:] == top[..., :-1]) & (top[..., 1:] > -np.inf)).any(-1)
    if tied.any():
        exact, exact_index = values[tied].sort(dim=-1, descending=True, stable=True)
        top[tied], index[tied] = exact[:, : top.shape[-1]], exact_index[:, : top.shape[-1]]
    return top[..., :k], index[..., :k]


def _numpy_top_k(values: NDArray[Any], k: int) -> tuple[Array, Array]:
    """Take the first greatest value k times.

    Rows with fewer than k values above -inf are sorted; otherwise an index would be taken twice.
    """
    if k > FEW:
        index = argsort(values, descending=True)[..., :k]
        return take(values, index, -1), index
    rest, found = values.copy(), []
    for _ in range(k):
        found.append(rest.argmax(-1)[..., None])
        np.put_along_axis(rest, found[-1], -np.inf, -1)
    index = np.concatenate(found, -1)
    short = (values > -np.inf).sum(-1) < k
    if short.any():
        index[short] = argsort(values[short], descending=True)[:, :k]
    return take(values, index, -1), index
