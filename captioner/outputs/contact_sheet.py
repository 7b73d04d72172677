"""Photos with their captions on one page that opens anywhere: thumbnails inside, no script, nothing fetched."""

import math
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

from captioner.outputs.disk import output_errors, written_whole
from captioner.outputs.page import file_name, page_foot, page_head, picture, shown
from captioner.outputs.record import Candidate, ErrorInfo, Record
from captioner.outputs.writer import Writer

THUMBNAIL_PIXELS = 480  # of the longer side


class ContactSheetWriter(Writer):
    """Writes a card a record, as they come; the page appears under its name at the end.

    Args:
        path: An `.html` file; an older one stays until the new one is whole.

    Raises:
        UsageError: It cannot be opened.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = path
        self._num_captioned = self._num_failed = 0
        self._models: dict[str, None] = {}
        self._file = ExitStack()
        self._stream = self._file.enter_context(written_whole(path))
        self._put(page_head("Captions") + "<main>\n")

    def write(self, record: Record) -> None:
        """Write the card of a record whose photo lies where its `file` says."""
        self.add(record.file, record)

    def add(self, photo: str | Path, record: Record) -> None:
        """Write the card of a record whose photo lies elsewhere.

        Raises:
            OutputError: It cannot be written.
        """
        self._num_failed += record.error is not None
        self._num_captioned += record.error is None
        self._models[record.model] = None
        self._put(_failure(record, record.error) if record.error else _card(photo, record))

    def close(self) -> None:
        """Write the page's end."""
        if not self._stream.closed:
            with self._file:
                self._stream.write(self._foot())

    def _put(self, text: str) -> None:
        with output_errors(self._path):
            self._stream.write(text)

    def _foot(self) -> str:
        photos = f"{self._num_captioned} photo{'' if self._num_captioned == 1 else 's'} captioned"
        models = f" by {', '.join(map(shown, self._models))}" if self._models else ""
        failed = f", {self._num_failed} failed" if self._num_failed else ""
        return "</main>\n" + page_foot(f"{photos}{models}{failed}.")


def write_contact_sheet(path: str | Path, pairs: Iterable[tuple[str | Path, Record]]) -> None:
    """Write a page of photos with their captions; only one photo at a time is in memory.

    Args:
        path: An `.html` file.
        pairs: A photo's path and what is known of it.

    Raises:
        UsageError: The file cannot be opened.
        OutputError: It cannot be written.
    """
    with ContactSheetWriter(path) as sheet:
        for photo, record in pairs:
            sheet.add(photo, record)


def _card(photo: str | Path, record: Record) -> str:
    caption = shown(record.caption or "")
    text = _ranked(record.candidates) if len(record.candidates) > 1 else f'<h2 dir="auto">{caption}</h2>'
    photo_part = picture(photo, record.caption or "", THUMBNAIL_PIXELS)
    return f"<article>{photo_part}<div>{text}{file_name(record.file)}</div></article>\n"


def _failure(record: Record, error: ErrorInfo) -> str:
    return (
        f'<article class="failed"><div class="photo"><p>not captioned</p></div><div>'
        f'<h2 dir="auto">{shown(error.message)}</h2><p class="kind">{shown(error.type)}</p>'
        f"{file_name(record.file)}</div></article>\n"
    )


def _ranked(candidates: Sequence[Candidate]) -> str:
    """List several captions with the share that each has of their probability, the best one as the heading."""
    best = max(candidate.log_prob for candidate in candidates)
    odds = [math.exp(candidate.log_prob - best) for candidate in candidates]
    items: list[str] = []
    for candidate, share in zip(candidates, (one / sum(odds) for one in odds), strict=True):
        tag = "span" if items else "h2"
        caption = f'<{tag} dir="auto">{shown(candidate.caption)}</{tag}>'
        items.append(f'<li>{caption} <b>{share:.0%}</b><i style="width:{share:.1%}"></i></li>')
    return f'<ol title="Each caption\'s share of their probability">{"".join(items)}</ol>'
