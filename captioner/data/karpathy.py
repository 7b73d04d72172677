"""Reads captions from the split files of Karpathy and Fei-Fei 2015 (arXiv:1412.2306)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from captioner.data.caption_row import CaptionRow
from captioner.errors import AnnotationError

# `restval` is the rest of COCO's validation photos; everyone trains on it.
SPLITS = {"train": "train", "restval": "train", "val": "val", "test": "test"}


def read_karpathy(content: dict[str, Any], file: Path) -> Iterator[CaptionRow]:
    """Read each photo's sentences, with its split.

    Args:
        content: The parsed JSON, with `images` that have `sentences`.
        file: The file, for messages.

    Raises:
        AnnotationError: A field is missing or of the wrong type, or a split is unknown.
    """
    for position, image in enumerate(content["images"]):
        where = f"{file}: images[{position}]"
        try:
            file_name, split = str(image["filename"]), image["split"]
            if folder := image.get("filepath"):
                file_name = f"{folder}/{file_name}"
            image_id = int(image["cocoid"]) if "cocoid" in image else file_name
            captions = [str(sentence["raw"]) for sentence in image["sentences"]]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            reason = "`filename`, `split` and `sentences`, each with `raw`, must be there"
            raise AnnotationError(f"{where}: {reason} ({type(error).__name__}: {error})") from error
        if split not in SPLITS:
            raise AnnotationError(f"{where}: split {split!r} is none of {', '.join(SPLITS)}")
        for caption in captions:
            yield CaptionRow(file_name, caption, image_id, SPLITS[split])
