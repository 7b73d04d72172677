"""Holds out photos for validation where neither data nor config says which."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from captioner.data.examples import CaptionExample
from captioner.errors import DataError, EmptyDataError

HELD_OUT = 10  # one photo of so many


def hold_out(
    examples: Sequence[CaptionExample],
) -> tuple[list[CaptionExample], list[CaptionExample]]:
    """Divide photos into training photos and a tenth for validation, each in their order.

    The photos' contents decide. So copies of a photo are on the same side, and the same photos are
    always divided alike, whatever their names.

    Raises:
        DataError: A photo cannot be read.
        EmptyDataError: There are no two different photos.
    """
    contents = [_digest(example.image) for example in examples]
    different = sorted(set(contents))
    if len(different) < 2:
        raise EmptyDataError(
            "one photo alone cannot be divided into photos to train on and to judge by: give more"
        )
    kept = set(different[: -(-len(different) // HELD_OUT)])  # rounded up
    train = [
        example for example, content in zip(examples, contents, strict=True) if content not in kept
    ]
    val = [example for example, content in zip(examples, contents, strict=True) if content in kept]
    return train, val


def _digest(photo: Path) -> bytes:
    try:
        with photo.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").digest()
    except OSError as error:
        raise DataError(f"{photo}: cannot be read ({error.strerror})") from error
