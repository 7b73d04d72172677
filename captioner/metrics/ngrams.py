"""Turns tokenised sentences into arrays of codes, and counts their n-grams.

Words and n-grams are 64-bit codes, so that counting is sorting and looking up is a binary search.
The codes depend on the words alone: tables made from different files, in different processes, can
be joined. That any two of a million n-grams share a code has a probability of 3e-8.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint64]
Integers = NDArray[np.integer]

MAX_ORDER = 4
"""The longest n-gram of BLEU-4 and CIDEr."""

# Odd multipliers (of the golden ratio and of splitmix64), so that multiplying loses no bit of a
# code.
_NEXT_WORD = np.uint64(0x9E3779B97F4A7C15)
_NEXT_GROUP = np.uint64(0xBF58476D1CE4E5B9)


class _WordCodes(dict[str, int]):
    """Remembers the code of each word that it was asked for."""

    def __missing__(self, word: str) -> int:
        digest = blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        code = self[word] = int.from_bytes(digest, "little")
        return code


@dataclass(frozen=True)
class NgramCounts:
    """The distinct n-grams of each sentence, or of each image's sentences; rows are sorted by key.

    Attributes:
        key: What stands for image and n-gram together, `[rows]`, ascending; the same for an image's
            sentences.
        group: Index of the sentence or image, `[rows]`.
        order: Words in the n-gram, 1 to 4, `[rows]`.
        code: The n-gram, `[rows]`.
        count: How often it stands there, `[rows]`.
    """

    key: Codes
    group: Integers
    order: Integers
    code: Codes
    count: Integers

    def sum_by(
        self, group: Integers, num_groups: int, weights: NDArray[np.float64] | Integers
    ) -> NDArray[np.float64]:
        """Add up one weight a row for each group and order, `[num_groups, 4]`."""
        cells = group * MAX_ORDER + self.order - 1
        sums = np.bincount(cells, weights, num_groups * MAX_ORDER).astype(np.float64)
        return sums.reshape(num_groups, MAX_ORDER)


@dataclass(frozen=True)
class Sentences:
    """Tokenised sentences, laid end to end; sentence `i` belongs to image `image[i]`.

    Attributes:
        words: Word codes of all sentences, `[words]`.
        length: Words in each sentence, `[sentences]`.
        image: Index of each sentence's image, `[sentences]`.
        num_images: Number of images, also of those without a sentence.
    """

    words: Codes
    length: Integers
    image: Integers
    num_images: int

    @classmethod
    def from_tokens(
        cls, token_lists: Iterable[Sequence[str]], image: Sequence[int], num_images: int
    ) -> "Sentences":
        """Encode lists of tokens; `image` gives the image's index of each."""
        codes = _WordCodes()
        words: list[int] = []
        length: list[int] = []
        for tokens in token_lists:
            words.extend(map(codes.__getitem__, tokens))
            length.append(len(tokens))
        as_integers = (np.array(length, np.int64), np.array(image, np.int64))
        return cls(np.array(words, np.uint64), *as_integers, num_images)

    def uncounted(self) -> "Sentences":
        """Return the same sentences without their n-gram counts, which take most of the memory."""
        return replace(self)

    @cached_property
    def ngrams(self) -> NgramCounts:
        """N-gram counts of each sentence."""
        sentence = np.repeat(np.arange(len(self.length), dtype=np.int32), self.length)
        words_left = np.repeat(np.cumsum(self.length), self.length) - np.arange(len(self.words))
        codes, groups, orders = [], [], []
        code = self.words
        for order in range(1, MAX_ORDER + 1):
            if order > 1:
                code = code[:-1] * _NEXT_WORD + self.words[order - 1 :]
            inside = words_left[: len(code)] >= order
            codes.append(code[inside])
            groups.append(sentence[: len(code)][inside])
            orders.append(np.full(len(codes[-1]), order, np.int8))
        code, group, size = np.concatenate(codes), np.concatenate(groups), np.concatenate(orders)
        del codes, groups, orders
        key = keyed(self.image[group], code)
        # So that what shares a key stays in the order of its sentences.
        row = np.argsort(key, kind="stable")
        key, group, size, code = key[row], group[row], size[row], code[row]
        is_first = np.ones(len(key), bool)
        is_first[1:] = (key[1:] != key[:-1]) | (group[1:] != group[:-1])
        first = np.flatnonzero(is_first)
        count = np.diff(first, append=len(key)).astype(np.int32)
        return NgramCounts(key[first], group[first], size[first], code[first], count)


def find(keys: Codes, values: Integers, wanted: Codes, missing: int) -> Integers:
    """Look up wanted keys among ascending ones."""
    if not len(keys):
        return np.full(len(wanted), missing)
    place = np.searchsorted(keys, wanted)
    np.minimum(place, len(keys) - 1, out=place)
    return np.where(keys[place] == wanted, values[place], values.dtype.type(missing))


def first_of_each(ordered: Codes) -> Integers:
    """Find the rows at which a new value begins."""
    return (
        np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
        if len(ordered)
        else np.zeros(0, np.int64)
    )


def keyed(group: Integers, code: Codes) -> Codes:
    """Join group and n-gram into one number."""
    return code + group.astype(np.uint64) * _NEXT_GROUP
