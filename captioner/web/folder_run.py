"""One visitor's run over many photos: its progress, its edited captions, and its ZIP of results."""

import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from captioner.outputs.formats import open_writer
from captioner.outputs.record import Record
from captioner.outputs.sidecar import SidecarWriter
from captioner.web.limits import Limits
from captioner.web.uploads import Upload, photos_in

if TYPE_CHECKING:
    from captioner.config import SearchConfig
    from captioner.pipeline import Captioner

THUMBNAIL_PIXELS = 320
BATCH_SIZE = 8  # photos between two checks of the stop button
RESULTS = ("captions.jsonl", "captions.csv", "captions.json")


class FolderRun:
    """Unpacks uploads into a folder of its own, which `close` removes.

    Args:
        sent: Photos and ZIPs.
        limits: The most files and bytes that are accepted.
        place: Where the folder is created; None for the system's temporary folder.

    Raises:
        UsageError: There is no photo, or there are too many.
        InputError: A ZIP is broken or not safe.
    """

    def __init__(self, sent: Sequence[Upload], limits: Limits, place: str | None = None) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="run-", dir=place))
        self._num_results = 0
        try:
            for name in ("photos", "thumbnails"):
                (self._folder / name).mkdir()
            self.photos = photos_in(sent, self._folder / "photos", limits)
        except BaseException:
            self.close()
            raise
        self.records: list[Record] = []
        self.thumbnails: dict[str, Path] = {}
        self.stopping = False
        self._started = self._last = time.monotonic()

    @property
    def num_failed(self) -> int:
        """Photos without a caption."""
        return sum(record.caption is None for record in self.records)

    @property
    def rate(self) -> float:
        """Photos a second so far."""
        return len(self.records) / max(self._last - self._started, 1e-9)

    @property
    def left_s(self) -> float:
        """Seconds that the remaining photos take at this rate."""
        return (len(self.photos) - len(self.records)) / max(self.rate, 1e-9)

    def steps(self, captioner: "Captioner", search: "SearchConfig") -> Iterator[None]:
        """Caption the photos; yield after each batch, and end soon after `stopping` is set."""
        from captioner.batch import caption_batches

        self._started = time.monotonic()
        files = [photo.path for photo in self.photos]
        # Gradio stores identical photos under one path, so the path does not tell which one it is.
        names = iter([photo.name for photo in self.photos])
        for batch in caption_batches(captioner, files, search, BATCH_SIZE, lambda: self.stopping):
            for done in batch:
                record = replace(done.record, file=next(names))
                if isinstance(done.image, Image.Image):
                    self.thumbnails[record.file] = self._thumbnail(done.image)
                self.records.append(record)
            self._last = time.monotonic()
            yield

    def edit(self, captions: Mapping[str, str]) -> None:
        """Replace captions by the visitor's.

        The model's name says that a record was edited; its log-probability and other candidates
        are removed.

        Args:
            captions: A caption for each photo's name; an empty one leaves a failed photo unchanged.
        """
        self.records = [
            _edited(record, captions.get(record.file, record.caption)) for record in self.records
        ]

    def results(self) -> Path:
        """Write the results so far as a ZIP: JSON lines, CSV, COCO results and a text per photo.

        Raises:
            OutputError: It cannot be written.
        """
        # A new folder each time, so that no browser shows an older file from the same address.
        self._num_results += 1
        folder = self._folder / f"results-{self._num_results}"
        target = folder / "captions.zip"
        places = {record.file: folder / record.file for record in self.records}
        for parent in {folder, *(place.parent for place in places.values())}:
            # The sidecar writer looks in these folders for photos of the same name.
            parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            writers = [stack.enter_context(open_writer(folder / name)) for name in RESULTS]
            for record in self.records:
                for writer in writers:
                    writer.write(record)
        sidecars = SidecarWriter(places.values())
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in RESULTS:
                archive.write(folder / name, name)
            for record in self.records:
                if record.caption is not None:
                    name = str(sidecars.path(places[record.file]).relative_to(folder))
                    archive.writestr(name, f"{record.caption}\n")
        return target

    def close(self) -> None:
        """Remove all files of this run."""
        self.stopping = True
        shutil.rmtree(self._folder, ignore_errors=True)

    def _thumbnail(self, image: Image.Image) -> Path:
        small = image.convert("RGB")
        small.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS), Image.Resampling.LANCZOS)
        path = self._folder / "thumbnails" / f"{len(self.records):05d}.jpg"
        small.save(path, "JPEG", quality=82)
        return path


def _edited(record: Record, caption: str | None) -> Record:
    if caption == record.caption or (record.caption is None and not caption):
        return record
    model = record.model if record.model.endswith(", edited") else f"{record.model}, edited"
    # Probability and confidence are of the model's own caption.
    unknown: dict[str, Any] = {"log_prob": None, "confidence": None, "candidates": ()}
    return replace(record, caption=caption, model=model, error=None, **unknown)


def as_rows(records: Sequence[Record]) -> list[list[Any]]:
    """Return records as rows of the table: photo, caption, problem."""
    return [
        [record.file, record.caption or "", record.error.message if record.error else ""]
        for record in records
    ]
