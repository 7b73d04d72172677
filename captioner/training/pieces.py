"""Texts cut into other pieces in every epoch, so that a model learns what pieces mean and not how one cut looks."""

import json
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from captioner.errors import ConfigError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

NUM_CUTS = 16  # drawn of each word; each time that the word occurs, it is cut in one of these ways


class VariedPieces:
    """Training texts as token ids, with some of the tokenizer's merges left out at random.

    All chance comes from the seed, the word, the epoch and the text's number, so that a run that goes on sees the same.

    Args:
        texts: As people wrote them.
        tokenizer: Of pieces, as `train_bpe_tokenizer` makes it.
        dropout: How likely each merge is left out, each time that it is possible.
        seed: Of the run.

    Raises:
        ConfigError: The tokenizer knows words or labels, and no merges.

    Source:
        BPE-dropout: Provilkov et al. 2020, arXiv:1910.13267, algorithm 1.
    """

    def __init__(self, texts: Sequence[str], tokenizer: "PreTrainedTokenizerFast", dropout: float, seed: int) -> None:
        backend = tokenizer.backend_tokenizer
        model = json.loads(backend.to_str())["model"]
        if "merges" not in model:
            raise ConfigError("training.piece_dropout: this tokenizer has whole words, and no merges to leave out")
        ranks = {tuple(merge): rank for rank, merge in enumerate(model["merges"])}

        @cache
        def cuts(word: str) -> list[list[int]]:
            chance = np.random.default_rng([seed, *word.encode()])
            return [[model["vocab"][piece] for piece in cut(word, ranks, dropout, chance)] for _ in range(NUM_CUTS)]

        normalise, split = backend.normalizer.normalize_str, backend.pre_tokenizer.pre_tokenize_str
        self._texts = [[cuts(word) for word, _ in split(normalise(text))] for text in texts]
        self._seed = seed

    def ids(self, number: int, epoch: int) -> list[int]:
        """Return the token ids of a text in an epoch, without BOS and EOS."""
        words = self._texts[number]
        chosen = np.random.default_rng([self._seed, epoch, number]).integers(NUM_CUTS, size=len(words)).tolist()
        return [one for cuts, which in zip(words, chosen, strict=True) for one in cuts[which]]


def cut(word: str, ranks: dict[tuple[str, ...], int], dropout: float, chance: np.random.Generator) -> list[str]:
    """Merge a word's signs into pieces, the most frequent pair first; each possible merge is left out at random.

    Args:
        word: One sign for each byte.
        ranks: Each merge's place in the order in which the tokenizer learnt them.
        dropout: Probability with which a merge is left out in one round.
        chance: Where that is drawn.
    """
    pieces = list(word)
    while len(pieces) > 1:
        kept = chance.random(len(pieces) - 1) >= dropout
        possible = [
            (ranks[pair], place) for place, pair in enumerate(pairwise(pieces)) if kept[place] and pair in ranks
        ]
        if not possible:
            break
        _, place = min(possible)
        pieces[place : place + 2] = [pieces[place] + pieces[place + 1]]
    return pieces
