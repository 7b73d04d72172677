"""Reads captions from the annotation format of COCO (Chen et al. 2015, arXiv:1504.00325), through pycocotools."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from captioner.data.caption_row import CaptionRow
from captioner.errors import AnnotationError


def read_coco(content: dict[str, Any], file: Path) -> Iterator[CaptionRow]:
    """Read each photo's captions, in the order of `images` and, within a photo, of `annotations`.

    Args:
        content: The parsed JSON, with `images` and `annotations`.
        file: The file, for messages.

    Raises:
        AnnotationError: A field is missing or of the wrong type, or a caption belongs to no photo.
    """
    from pycocotools import coco

    _check(content, file)
    index = coco.COCO()
    index.dataset = content
    with _no_prints(coco):
        index.createIndex()
    for image_id, image in index.imgs.items():
        for annotation in index.imgToAnns[image_id]:
            yield CaptionRow(image["file_name"], annotation["caption"], image_id)


def _check(content: dict[str, Any], file: Path) -> None:
    image_ids = set()
    for position, image in enumerate(content["images"]):
        _check_fields(image, {"id": int, "file_name": str}, f"{file}: images[{position}]")
        image_ids.add(image["id"])
    for position, annotation in enumerate(content["annotations"]):
        where = f"{file}: annotations[{position}]"
        _check_fields(annotation, {"id": int, "image_id": int, "caption": str}, where)
        if annotation["image_id"] not in image_ids:
            raise AnnotationError(f"{where}: image_id {annotation['image_id']} is the id of none of `images`")


def _check_fields(entry: Any, fields: dict[str, type], where: str) -> None:
    for field, kind in fields.items():
        if not isinstance(entry, dict) or not isinstance(entry.get(field), kind):
            hint = "; this may be COCO's file of instances: take the one of captions" if field == "caption" else ""
            raise AnnotationError(f"{where}: `{field}` must be there, of type {kind.__name__}{hint}")


@contextmanager
def _no_prints(module: Any) -> Iterator[None]:
    """Keep one module from printing its progress, by a `print` of its own; everyone else's goes on."""
    module.print = lambda *_args, **_kwargs: None
    try:
        yield
    finally:
        del module.print
