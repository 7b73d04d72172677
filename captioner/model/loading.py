"""Checks that weights fit a model, and keeps transformers quiet while it loads them."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from transformers.utils import logging as transformers_logging

from captioner.errors import ModelError


def check_loaded(name: str | Path, info: dict[str, Any]) -> None:
    """See that the file held every weight of the model, and nothing else.

    Raises:
        ModelError: It did not; the message names the first of each kind.
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
