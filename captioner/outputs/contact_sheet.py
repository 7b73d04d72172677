"""Photos with their captions on one page that opens anywhere: thumbnails inside, no script, nothing fetched."""

import base64
import html
import io
import math
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

from PIL import Image

from captioner.errors import InputError
from captioner.outputs.disk import output_errors, written_whole
from captioner.outputs.record import Candidate, ErrorInfo, Record
from captioner.outputs.writer import Writer

THUMBNAIL_PIXELS = 480  # of the longer side
JPEG_QUALITY = 82
HEAD = (Path(__file__).parent / "contact_sheet.html").read_text(encoding="utf-8")


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
        self._put(HEAD)

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
        models = f" by {', '.join(map(_shown, self._models))}" if self._models else ""
        failed = f", {self._num_failed} failed" if self._num_failed else ""
        return f"</main>\n<footer>{photos}{models}{failed}.</footer>\n</body>\n</html>\n"


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
    caption = _shown(record.caption or "")
    text = _ranked(record.candidates) if len(record.candidates) > 1 else f'<h2 dir="auto">{caption}</h2>'
    return f"<article>{_picture(photo, caption)}<div>{text}{_name(record)}</div></article>\n"


def _failure(record: Record, error: ErrorInfo) -> str:
    return (
        f'<article class="failed"><div class="photo"><p>not captioned</p></div><div>'
        f'<h2 dir="auto">{_shown(error.message)}</h2><p class="kind">{_shown(error.type)}</p>'
        f"{_name(record)}</div></article>\n"
    )


def _picture(photo: str | Path, caption: str) -> str:
    from captioner.preprocess.image import read_image  # brings torch, which is there once something is captioned

    try:
        thumbnail = read_image(photo, at_least=THUMBNAIL_PIXELS)
    except InputError as error:  # it was there when it was captioned
        return f'<div class="photo"><p>{_shown(error.reason)}</p></div>'
    thumbnail.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS), Image.Resampling.LANCZOS)
    jpeg = io.BytesIO()
    thumbnail.save(jpeg, "JPEG", quality=JPEG_QUALITY, optimize=True)
    data = base64.b64encode(jpeg.getvalue()).decode()
    size = f'width="{thumbnail.width}" height="{thumbnail.height}"'
    return f'<div class="photo"><img src="data:image/jpeg;base64,{data}" {size} alt="{caption}" decoding="async"></div>'


def _ranked(candidates: Sequence[Candidate]) -> str:
    """List several captions with the share that each has of their probability, the best one as the heading."""
    best = max(candidate.log_prob for candidate in candidates)
    odds = [math.exp(candidate.log_prob - best) for candidate in candidates]
    items: list[str] = []
    for candidate, share in zip(candidates, (one / sum(odds) for one in odds), strict=True):
        tag = "span" if items else "h2"
        caption = f'<{tag} dir="auto">{_shown(candidate.caption)}</{tag}>'
        items.append(f'<li>{caption} <b>{share:.0%}</b><i style="width:{share:.1%}"></i></li>')
    return f'<ol title="Each caption\'s share of their probability">{"".join(items)}</ol>'


def _name(record: Record) -> str:
    path = Path(record.file)
    return f'<p class="name" title="{_shown(record.file)}"><bdi>{_shown(path.name)}</bdi></p>'


def _shown(text: str) -> str:
    """Escape a text; bytes of a file name that are no UTF-8 become question marks."""
    return html.escape(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
