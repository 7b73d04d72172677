"""Fills a new model with another model's weights, and adds rows for new words."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from captioner.errors import ConfigError
from captioner.model.captioner_model import CaptionerModel
from captioner.model.config import CaptionerConfig

WORD_TABLES = ("decoder.embedding.weight", "decoder.logits.weight", "decoder.logits.bias")
"""The weights that have a row for each word."""
BESIDE = 2  # words on each side that tell what a new word is like


def begin_with(
    model: CaptionerModel,
    weights: dict[str, Tensor],
    name: str,
    targets: Sequence[Sequence[Sequence[int]]],
) -> None:
    """Fill a new model with another's weights.

    A stage that only the new model fine-tunes stays as it was published. The new model may know
    more words, with the highest ids. Each begins as the mean of the words that stand beside it in
    the captions. The token of a new language begins as BOS.

    Args:
        model: The new one.
        weights: Of the other one.
        name: What the other one is called, for messages.
        targets: Token ids of the new captions.

    Raises:
        ConfigError: They do not fit.
    """
    own = model.own_state_dict()
    weights = _with_new_rows(weights, model.config, targets)
    misfits = [key for key in weights if key not in own or own[key].shape != weights[key].shape]
    misfits += [
        key for key in own if key not in weights and not key.startswith("encoder.backbone.")
    ]
    if misfits:
        raise ConfigError(
            f"training.initial_model: {name} does not fit, as in {misfits[0]}: give encoder and"
            " decoder its settings"
        )
    model.load_state_dict(weights, strict=False)


def beside_photos(weights: dict[str, Tensor], own: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the weights of a translator as those of one that sees photos, too.

    Args:
        weights: Of the translator.
        own: Of the one that sees photos, whose encoder of photos stays as it is.
    """
    text, part = "encoder.text.", "encoder."
    seeing = {
        key: weight
        for key, weight in own.items()
        if key.startswith(part) and not key.startswith(text)
    }
    return seeing | {
        key.replace(part, text, 1) if key.startswith(part) else key: weight
        for key, weight in weights.items()
    }


def with_english_beginning(
    weights: dict[str, Tensor], config: CaptionerConfig
) -> dict[str, Tensor]:
    """Let BOS begin texts as a language's token did, for a model that is told no language.

    Args:
        weights: Of a model that writes several languages.
        config: Its config; of its languages English is taken, or the first if it lacks that.
    """
    known = config.language_ids
    first = known.get("en", known[min(known)])
    table = weights[WORD_TABLES[0]].clone()
    table[config.bos_token_id] = table[first]
    return weights | {WORD_TABLES[0]: table}


def _with_new_rows(
    weights: dict[str, Tensor], config: CaptionerConfig, targets: Sequence[Sequence[Sequence[int]]]
) -> dict[str, Tensor]:
    tables = {key: weights[key] for key in WORD_TABLES if key in weights}
    num_known = len(next(iter(tables.values()))) if tables else config.vocab_size
    if config.vocab_size <= num_known:
        return weights
    neighbours = _neighbours(targets, num_known, config.vocab_size)
    for token_id in config.language_ids.values():
        if token_id >= num_known:
            neighbours[token_id - num_known] = {config.bos_token_id}
    return weights | {
        key: torch.cat([table, _rows_of(table, neighbours)]) for key, table in tables.items()
    }


def _neighbours(
    targets: Sequence[Sequence[Sequence[int]]], num_known: int, vocab_size: int
) -> list[set[int]]:
    """Return for each new word the known ones beside it; a text's first token is none of them."""
    found: list[set[int]] = [set() for _ in range(num_known, vocab_size)]
    for several in targets:
        for _, *words in several:
            for position, word in enumerate(words):
                if word >= num_known:
                    beside = words[max(0, position - BESIDE) : position + BESIDE + 1]
                    found[word - num_known].update(one for one in beside if one < num_known)
    return found


def _rows_of(
    table: Float[Tensor, "words *dim"], neighbours: Sequence[set[int]]
) -> Float[Tensor, "new *dim"]:
    """Return the mean row of each set of words; of an empty set, that of all words."""
    return torch.stack(
        [table[sorted(beside)].mean(0) if beside else table.mean(0) for beside in neighbours]
    )
