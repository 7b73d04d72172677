"""Captions files in batches, in order, while other threads already read the next files."""

import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from PIL import Image

from captioner.batch.batch_size import BatchSize
from captioner.config import SearchConfig
from captioner.errors import InputError, ModelError
from captioner.outputs.record import Candidate, Record
from captioner.preprocess.video import Clip
from captioner.threads import available_cores, num_threads, set_num_threads

if TYPE_CHECKING:
    from captioner.pipeline import CaptionResult

LARGEST_AT_ONCE = 128  # photos in the model at the same time, over all streams
OUT_OF_MEMORY = re.compile(
    r"out of memory|not enough memory|can't allocate memory|failed to allocate", re.IGNORECASE
)


class Preprocess(Protocol):
    """Reads a photo and prepares it for the model; threads call both methods."""

    def read(self, source: Any, /) -> Image.Image | Clip:
        """Read a photo, upright and in RGB, or some frames of a clip.

        Raises:
            InputError: It cannot be read.
        """
        ...

    def __call__(self, image: Any, /) -> Any:
        """Return what `PhotoCaptioner.caption_images` takes."""
        ...


class PhotoCaptioner(Protocol):
    """The interface that a run over files needs; `captioner.pipeline.Captioner` provides it.

    Attributes:
        name: Its name in results.
    """

    name: str

    @property
    def preprocess(self) -> Preprocess:
        """What turns files into the model's inputs."""
        ...

    @property
    def num_streams(self) -> int:
        """How many batches should run in the model at once."""
        ...

    def caption_images(
        self, images: Sequence[Any], search: SearchConfig, /
    ) -> "Sequence[CaptionResult]":
        """Caption photos that are preprocessed, as one batch."""
        ...


@dataclass(frozen=True)
class FileResult:
    """The result of one file.

    Attributes:
        record: What is written to the outputs.
        result: The captions with their attention; None where the file failed.
        image: The photo, or the frames of the clip, as it was read; None where the file failed.
    """

    record: Record
    result: "CaptionResult | None" = None
    image: Image.Image | Clip | None = None


@dataclass(frozen=True)
class Reading:
    """A file that was read, with its photo or clip and the model's input, or with the error."""

    file: str | Path
    image: Image.Image | Clip | None = None
    prepared: Any = None
    error: InputError | None = None


def caption_files(
    captioner: PhotoCaptioner,
    files: Iterable[str | Path],
    search: SearchConfig,
    batch_size: int | None = None,
) -> Iterator[FileResult]:
    """Caption files in their order, one result per file; see `caption_batches`."""
    for batch in caption_batches(captioner, files, search, batch_size):
        yield from batch


def caption_batches(
    captioner: PhotoCaptioner,
    files: Iterable[str | Path],
    search: SearchConfig,
    batch_size: int | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[list[FileResult]]:
    """Caption files in their order; while some batches are in the model, the next one is read.

    The memory holds one batch for each of the captioner's streams, one that is being read, and one
    that the caller has. A file that cannot be read becomes a failed record in its place.

    Args:
        captioner: The model.
        files: Photos.
        search: How captions are searched.
        batch_size: Photos in one pass of the model; None to find the fastest.
        stop: Called before each batch. Once it returns True, only the batches already in the model
            are still yielded.

    Raises:
        ModelError: There is not enough memory for a single photo.
    """
    size = BatchSize(batch_size, max(1, LARGEST_AT_ONCE // captioner.num_streams))
    upcoming = Upcoming(files, captioner.num_streams)
    batches: deque[Future[tuple[list[FileResult], float]]] = deque()
    with _threads(available_cores()) as readers, stream_threads(captioner.num_streams) as streams:
        while not stop():
            readings = [readers.submit(_read, captioner, file) for file in upcoming.take(size.now)]
            if readings:
                batches.append(streams.submit(_caption, captioner, readings, search, size))
            if not batches:
                return
            if not readings or len(batches) > captioner.num_streams:
                batch, seconds = batches.popleft().result()
                size.measured(len(batch), seconds)
                yield batch
        for future in batches:
            if not future.cancel():
                yield future.result()[0]


class Upcoming:
    """Hands out the files that are still to be captioned.

    The last files are divided evenly, so no stream waits for another at the end.

    Args:
        files: All of them.
        num_streams: How many batches are in the model at the same time.
    """

    def __init__(self, files: Iterable[str | Path], num_streams: int) -> None:
        self._files = iter(files)
        self._num_streams = num_streams
        self._ahead: deque[str | Path] = deque()
        self._share: int | None = None  # batch size of the last files, once their number is known

    def take(self, most: int) -> list[str | Path]:
        """Return the next batch, of at most `most` files."""
        enough = 2 * self._num_streams * most
        self._ahead.extend(islice(self._files, max(0, enough - len(self._ahead))))
        left = len(self._ahead)
        if self._share is None and left < enough:
            rounds = -(-left // (self._num_streams * most))
            self._share = -(-left // max(1, self._num_streams * rounds))
        return [self._ahead.popleft() for _ in range(min(most, left, self._share or most))]


@contextmanager
def _threads(count: int, start: Callable[[], None] = lambda: None) -> Iterator[ThreadPoolExecutor]:
    """Yield a pool of threads; tasks that have not begun at the block's end are dropped."""
    pool = ThreadPoolExecutor(count, initializer=start)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def stream_threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """Yield the threads that run the model.

    The model's threads are divided among them while the block runs.
    """
    if count == 1:
        with _threads(1) as streams:
            yield streams
        return
    threads = num_threads()
    try:
        with _threads(count, lambda: set_num_threads(max(1, threads // count))) as streams:
            yield streams
    finally:
        set_num_threads(threads)


def _read(captioner: PhotoCaptioner, file: str | Path) -> Reading:
    try:
        image = captioner.preprocess.read(file)
        return Reading(file, image, captioner.preprocess(image))
    except InputError as error:
        return Reading(file, error=error)


def _caption(
    captioner: PhotoCaptioner,
    futures: Sequence[Future[Reading]],
    search: SearchConfig,
    size: BatchSize,
) -> tuple[list[FileResult], float]:
    """Return the results of a batch, and how many seconds the model took."""
    readings = [future.result() for future in futures]
    photos = [reading.prepared for reading in readings if reading.error is None]
    start = time.monotonic()
    found = iter(_results(captioner, photos, search, size))
    seconds = time.monotonic() - start
    results = [
        _captioned(reading, next(found), captioner.name)
        if reading.error is None
        else FileResult(Record.failed(reading.file, reading.error, captioner.name))
        for reading in readings
    ]
    return results, seconds


def _results(
    captioner: PhotoCaptioner, photos: Sequence[Any], search: SearchConfig, size: BatchSize
) -> "list[CaptionResult]":
    """Caption photos as one batch, or as two halves if memory runs out."""
    if not photos:
        return []
    try:
        return list(captioner.caption_images(photos, search))
    except (RuntimeError, MemoryError) as error:
        if not (isinstance(error, MemoryError) or OUT_OF_MEMORY.search(str(error))):
            raise
        if len(photos) == 1:
            raise ModelError(
                f"{captioner.name}: there is not enough memory for a single photo ({error})"
            ) from error
    # This is outside the handler, since the error would keep the memory occupied.
    size.too_large(len(photos))
    half = len(photos) // 2
    return [
        part
        for photos in (photos[:half], photos[half:])
        for part in _results(captioner, photos, search, size)
    ]


def _captioned(reading: Reading, result: "CaptionResult", model: str) -> FileResult:
    candidates = tuple(
        Candidate(one.text, one.log_prob, one.calibrated) for one in result.candidates
    )
    record = Record(
        str(reading.file),
        result.text,
        result.log_prob,
        candidates,
        model,
        error=None,
        language=result.language or None,
        confidence=candidates[0].confidence,
        concepts=result.concepts,
    )
    return FileResult(record, result, reading.image)
