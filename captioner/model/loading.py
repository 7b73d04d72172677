"""Checks that weights and vocabulary fit a model, and silences transformers while it loads them."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import Tensor
from transformers.utils import logging as transformers_logging

from captioner.errors import ModelError


def check_loaded(name: str | Path, info: dict[str, Any], weights: Mapping[str, Tensor]) -> None:
    """Check that the file held every weight of the model and nothing else, all finite numbers.

    Raises:
        ModelError: It did not; the message names the first weight of each kind.
    """
    problems = []
    for kind, what in (
        ("missing", "missing"),
        ("unexpected", "unknown"),
        ("mismatched", "of another size"),
    ):
        keys = sorted(key if isinstance(key, str) else key[0] for key in info[f"{kind}_keys"])
        if keys:
            problems.append(f"{len(keys)} {what}, such as {keys[0]}")
    if problems:
        raise ModelError(
            f"{name}: the weights do not fit config.json ({'; '.join(problems)}): copy the folder"
            " again"
        )
    for key, weight in weights.items():
        if weight.is_floating_point() and not weight.isfinite().all():
            raise ModelError(
                f"{name}: {key} holds NaN or infinity, from which no word follows: copy the folder"
                " again, or train with a smaller training.learning_rate"
            )


def check_tokenizer(name: str | Path, num_tokens: int, vocab_size: int) -> None:
    """Check that the tokenizer has a token for each id of the model, and no more.

    Raises:
        ModelError: It does not.
    """
    if num_tokens != vocab_size:
        raise ModelError(
            f"{name}: tokenizer.json has {num_tokens} tokens, and config.json {vocab_size}: one of"
            " them is another model's; copy the folder again"
        )


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers' bars and warnings off the terminal; restore the user's settings after."""
    shown = transformers_logging.is_progress_bar_enabled()
    level = transformers_logging.get_verbosity()
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    transformers_logging.set_verbosity(max(level, logging.ERROR))
    try:
        yield
    finally:
        transformers_logging.set_verbosity(level)
        if shown:
            transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]
