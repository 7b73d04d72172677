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
BATCH_SIZE = 8  # photos between two looks at the stop button
RESULTS = ("captions.jsonl", "captions.csv", "captions.json")


class FolderRun:
    """Unpacks what was sent into a folder of its own; `close` removes it.

    Args:
        sent: Photos and ZIPs.
        limits: How many, how large.
        place: Where the folder is made; None: where the system has its temporary files.

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
        """Seconds that the rest takes at this rate."""
        return (len(self.photos) - len(self.records)) / max(self.rate, 1e-9)

    def steps(self, captioner: "Captioner", search: "SearchConfig") -> Iterator[None]:
        """Caption the photos; yields after each batch, and ends soon after `stopping` was set."""
        from captioner.batch import caption_batches

        self._started = time.monotonic()
        files = [photo.path for photo in self.photos]
        # Gradio keeps photos that are the same under one path.
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
        """Replace captions by what the visitor wrote; such a record says so and has no probability.

        Args:
            captions: A caption for each name; one that is empty leaves a failed photo as it is.
        """
        self.records = [
            _edited(record, captions.get(record.file, record.caption)) for record in self.records
        ]

    def results(self) -> Path:
        """Write all that is done as one ZIP: JSON lines, CSV, COCO results and a text a photo.

        Raises:
            OutputError: It cannot be written.
        """
        # A new place each time, so that no browser shows an older file of the same address.
        self._num_results += 1
        folder = self._folder / f"results-{self._num_results}"
        target = folder / "captions.zip"
        places = {record.file: folder / record.file for record in self.records}
        for parent in {folder, *(place.parent for place in places.values())}:
            # Where a sidecar writer looks for photos of the same name.
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
    return replace(record, caption=caption, log_prob=None, candidates=(), model=model, error=None)


def as_rows(records: Sequence[Record]) -> list[list[Any]]:
    """Lay records out as rows of the table: photo, caption, problem."""
    return [
        [record.file, record.caption or "", record.error.message if record.error else ""]
        for record in records
    ]
