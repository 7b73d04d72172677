"""Fills a new model with another model's weights, and adds rows for new words."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from captioner.errors import ConfigError
from captioner.model.captioner_model import CaptionerModel
from captioner.model.config import CaptionerConfig

WORD_TABLES = ("decoder.embedding.weight", "decoder.logits.weight", "decoder.logits.bias")
"""The weights that have one row per word."""
BESIDE = 2  # neighbours on each side that a new word's row is the mean of


def begin_with(
    model: CaptionerModel,
    weights: dict[str, Tensor],
    name: str,
    targets: Sequence[Sequence[Sequence[int]]],
) -> None:
    """Fill a new model with another's weights.

    A stage that only the new model fine-tunes keeps its published weights. The new model may know
    more words, with the highest ids. Each new word begins as the mean of the words beside it in the
    captions. The token of a new language begins as a copy of BOS.

    Args:
        model: The new model.
        weights: The other model's weights.
        name: The other model's name, for messages.
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
    """Turn a translator's weights into those of a translator that also reads photos.

    Args:
        weights: The translator's weights.
        own: Weights of the model that reads photos; its photo encoder stays as it is.
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
    """Give BOS the embedding of a language's token, for a model that is told no language.

    Args:
        weights: Weights of a model that writes several languages.
        config: Its config; the language is English or, if the model lacks it, the first one.
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
    """Return the known words beside each new word, without a text's first token."""
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
    """Return the mean row of each set of words; for an empty set, the mean of all rows."""
    return torch.stack(
        [table[sorted(beside)].mean(0) if beside else table.mean(0) for beside in neighbours]
    )
