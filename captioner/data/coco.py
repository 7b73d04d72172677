"""Reads captions from COCO's annotation format (Chen et al. 2015, arXiv:1504.00325)."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from captioner.data.caption_fields import (
    CAPTION_FIELDS,
    NAME_FIELDS,
    file_name_of,
    image_number,
    texts_of,
)
from captioner.data.caption_row import CaptionRow
from captioner.errors import AnnotationError

URLS = ("coco_url", "flickr_url", "url")


def read_coco(content: dict[str, Any], file: Path) -> Iterator[CaptionRow]:
    """Read each photo's captions, in the order of `images` and, within a photo, of `annotations`.

    Numbers may be texts or have a decimal point, and an annotation may name its photo by the file.
    Annotations need no number; one that occurs twice with the same number counts once. Without
    `images`, photos are known by number. A photo's `domain`, as in nocaps (Agrawal et al. 2019,
    arXiv:1812.08658), is its split.

    Args:
        content: The parsed JSON, with `annotations` and perhaps `images`.
        file: The file, for messages.

    Raises:
        AnnotationError: A field is missing or of the wrong type, a caption belongs to no photo, or
            two photos have one number.
    """
    images = content.get("images") or []
    names = _file_names(images, file)
    domains = {
        image_number(image["id"], "id"): str(image["domain"])
        for image in images
        if image.get("domain")
    }
    by_file = {name: image_id for image_id, name in names.items()}
    captions: dict[int | str, list[str]] = {image_id: [] for image_id in names}
    seen = set()
    for position, annotation in enumerate(content["annotations"]):
        where = f"{file}: annotations[{position}]"
        image_id, texts = _annotation(annotation, where)
        image_id = by_file.get(str(image_id), image_id) if image_id not in names else image_id
        if names and image_id not in names:
            raise AnnotationError(f"{where}: image_id {image_id!r} is the id of none of `images`")
        number = annotation.get("id")
        key = (repr(number), image_id, *texts)
        if number is not None and key in seen:
            continue
        seen.add(key)
        captions.setdefault(image_id, []).extend(texts)
    for image_id, texts in captions.items():
        name = names.get(image_id) or file_name_of(image_id)
        for text in texts:
            yield CaptionRow(name, text, image_id, domains.get(image_id), other_names=(name,))


def _file_names(images: list[Any], file: Path) -> dict[int | str, str]:
    """Return each photo's file by its number."""
    names: dict[int | str, str] = {}
    for position, image in enumerate(images):
        where = f"{file}: images[{position}]"
        if not isinstance(image, dict):
            raise AnnotationError(f"{where}: an object with `id` and `file_name` must be there")
        image_id = image_number(image.get("id"), f"{where}: `id`")
        name = _file_name(image, image_id, where)
        if names.setdefault(image_id, name) != name:
            raise AnnotationError(
                f"{where}: {name} has the number {image_id}, and so has {names[image_id]}"
            )
    return names


def _file_name(image: dict[str, Any], image_id: int | str, where: str) -> str:
    field = next(
        (field for field in ("file_name", *NAME_FIELDS) if image.get(field) is not None), None
    )
    if field is not None:
        name = image[field]
        if not isinstance(name, str) or not name.strip():
            raise AnnotationError(f"{where}: `{field}` must be the name of a file")
        return name
    if url := next((image[field] for field in URLS if isinstance(image.get(field), str)), ""):
        return PurePosixPath(url.partition("?")[0]).name or url
    return file_name_of(image_id)


def _annotation(annotation: Any, where: str) -> tuple[int | str, list[str]]:
    if not isinstance(annotation, dict):
        raise AnnotationError(f"{where}: an object with `image_id` and `caption` must be there")
    field = next((field for field in CAPTION_FIELDS if field in annotation), None)
    if field is None:
        hint = "this may be COCO's file of instances: take the one of captions"
        raise AnnotationError(f"{where}: `caption` must be there, a text; {hint}")
    return image_number(annotation.get("image_id"), f"{where}: `image_id`"), texts_of(
        annotation[field], f"{where}: `{field}`"
    )
