"""Reads captions of clips: MSR-VTT's JSON, and the text lists in which MSVD is distributed."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from captioner.data.json_lines import parse_json
from captioner.data.text_file import read_text, whole_characters
from captioner.errors import AnnotationError, EmptyDataError

SPLITS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "validate": "val",
    "validation": "val",
    "test": "test",
}


@dataclass(frozen=True)
class CaptionedClip:
    """All that a file says of one clip.

    Attributes:
        captions: Its captions, in the file's order.
        split: train, val or test, where the file says it.
    """

    captions: tuple[str, ...]
    split: str | None = None


def read_clip_captions(file: Path) -> dict[str, CaptionedClip]:
    """Read the captions of each clip, by the clip's name without folder and suffix.

    The JSON is MSR-VTT's (Xu et al. 2016): `videos` with `video_id` and `split`, and `sentences`
    with `video_id` and `caption`; or a list of objects with `video` (or `video_id`), `caption`,
    which is one text or a list of them, and perhaps `split`.

    Raises:
        AnnotationError: The file cannot be read, or is none of these.
        EmptyDataError: It holds no captions.
    """
    content = parse_json(read_text(file), file)
    captions: dict[str, list[str]] = {}
    splits: dict[str, str] = {}
    for name, texts, split in _rows(content, file):
        captions.setdefault(name, []).extend(
            text for text in (" ".join(whole_characters(text).split()) for text in texts) if text
        )
        if split is not None:
            splits[name] = split
    clips = {
        name: CaptionedClip(tuple(texts), splits.get(name))
        for name, texts in captions.items()
        if texts
    }
    if not clips:
        raise EmptyDataError(f"{file}: it holds no captions")
    return clips


def _rows(content: Any, file: Path) -> Iterator[tuple[str, list[str], str | None]]:
    if isinstance(content, list):
        for number, row in enumerate(content):
            where = f"{file}: [{number}]"
            name, texts = _captioned(row, where)
            yield name, texts, _split(row, where)[1] if "split" in row else None
        return
    told = content if isinstance(content, dict) else {}
    sentences, videos = told.get("sentences"), told.get("videos", [])
    if not isinstance(sentences, list) or not isinstance(videos, list):
        raise AnnotationError(
            f"{file}: JSON of clips has `sentences` and `videos` (MSR-VTT), or is a list of objects"
        )
    splits = dict(_split(video, f"{file}: videos[{number}]") for number, video in enumerate(videos))
    for number, row in enumerate(sentences):
        name, texts = _captioned(row, f"{file}: sentences[{number}]")
        yield name, texts, splits.get(name)


def _captioned(row: Any, where: str) -> tuple[str, list[str]]:
    texts = row.get("caption") if isinstance(row, dict) else None
    texts = [texts] if isinstance(texts, str) else texts
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise AnnotationError(
            f"{where}: an object with `caption`, a text or a list of texts, is needed"
        )
    return _name(row, where), texts


def _split(row: Any, where: str) -> tuple[str, str]:
    split = row.get("split") if isinstance(row, dict) else None
    if not isinstance(split, str) or split not in SPLITS:
        raise AnnotationError(f"{where}: split {split!r} is none of {', '.join(SPLITS)}")
    return _name(row, where), SPLITS[split]


def _name(row: dict[str, Any], where: str) -> str:
    named = row.get("video", row.get("video_id"))
    if not isinstance(named, str) or not named:
        raise AnnotationError(f"{where}: `video` or `video_id`, the clip's name, is needed")
    return PurePosixPath(named).stem
