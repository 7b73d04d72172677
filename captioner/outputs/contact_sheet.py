"""Writes photos with captions, or clips with labels, as one self-contained HTML page."""

from collections.abc import Sequence
from pathlib import Path

from captioner.outputs.page import file_name, fractions, page_foot, page_head, picture, shown
from captioner.outputs.record import Candidate, ErrorInfo, Record, TextField
from captioner.outputs.writer import TextWriter

TITLES: dict[TextField, str] = {"caption": "Captions", "label": "Actions"}
DONE: dict[TextField, tuple[str, str]] = {
    "caption": ("photo", "captioned"),
    "label": ("clip", "recognized"),
}
THUMBNAIL_PIXELS = 480  # of the longer side


class ContactSheetWriter(TextWriter):
    """Writes one card per record, with only one photo in memory at a time.

    Args:
        path: An `.html` file.
        text_field: What the texts are called.

    Raises:
        UsageError: It cannot be opened.
    """

    lists_failures = True

    def __init__(self, path: str | Path, text_field: TextField = "caption") -> None:
        self._num_captioned = self._num_failed = 0
        self._models: dict[str, None] = {}
        super().__init__(path, text_field)

    def _head(self) -> str:
        return page_head(TITLES[self._text_field]) + "<main>\n"

    def _row(self, record: Record) -> str:
        self._num_failed += record.error is not None
        self._num_captioned += record.error is None
        self._models[record.model] = None
        return (
            _failure(record, record.error, DONE[self._text_field][1])
            if record.error
            else _card(record)
        )

    def _foot(self) -> str:
        item, did = DONE[self._text_field]
        files = f"{self._num_captioned} {item}{'' if self._num_captioned == 1 else 's'} {did}"
        models = f" by {', '.join(map(shown, self._models))}" if self._models else ""
        failed = f", {self._num_failed} failed" if self._num_failed else ""
        return "</main>\n" + page_foot(f"{files}{models}{failed}.")


def _card(record: Record) -> str:
    caption = shown(record.caption or "")
    text = (
        _ranked(record.candidates)
        if len(record.candidates) > 1
        else f'<h2 dir="auto">{caption}</h2>'
    )
    photo_part = picture(record.file, record.caption or "", THUMBNAIL_PIXELS)
    return f"<article>{photo_part}<div>{text}{file_name(record.file)}</div></article>\n"


def _failure(record: Record, error: ErrorInfo, did: str) -> str:
    return (
        f'<article class="failed"><div class="photo"><p>not {did}</p></div><div>'
        f'<h2 dir="auto">{shown(error.message)}</h2><p class="kind">{shown(error.type)}</p>'
        f"{file_name(record.file)}</div></article>\n"
    )


def _ranked(candidates: Sequence[Candidate]) -> str:
    """List captions with their fractions of the total probability; the best is the heading."""
    items: list[str] = []
    for candidate, fraction in zip(candidates, fractions(candidates), strict=True):
        tag = "span" if items else "h2"
        caption = f'<{tag} dir="auto">{shown(candidate.caption)}</{tag}>'
        items.append(
            f'<li>{caption} <b>{fraction:.0%}</b><i style="width:{fraction:.1%}"></i></li>'
        )
    return f'<ol title="Each caption\'s share of their probability">{"".join(items)}</ol>'
