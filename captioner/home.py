"""Replaces `~` in file names by the user's home, for when no shell has done so."""

import os

PREFIXES = ("hf:",)  # of a model of transformers


def in_home(path: str) -> str:
    """Return a path with the home that `~` or `~user` at its beginning stands for.

    A home that is not known stays as it is written; pathlib would raise a RuntimeError.
    """
    prefix = next((prefix for prefix in PREFIXES if path.startswith(prefix)), "")
    return prefix + os.path.expanduser(path.removeprefix(prefix))  # noqa: PTH111 (as said)
