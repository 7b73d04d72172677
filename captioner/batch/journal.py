"""Keeps on disk what an unfinished run has done.

A run resumes from this file alone, and its outputs are written from it.

The file has one line of settings, and then one line per batch, a JSON array of the batch's records.
A line is on the disk before the sidecars of its photos are written, and they are written before the
next batch's line. However the run ended, only the last batch can therefore be incomplete. It is cut
off, and its photos are captioned again. If sidecars could not be written, an object `failed` after
their batch has the error of each such photo. If this run extends a finished one, the earlier
results come before all batches, in objects `earlier`. A photo that failed may appear again in a
later line; the later line counts.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from captioner.errors import UsageError
from captioner.outputs.disk import beside, check_place, may_be_written, output_errors
from captioner.outputs.record import Record

Row = dict[str, Any]  # a record as a JSON object

TAKEN_OVER_AT_ONCE = 1000  # records per line
SUFFIX = ".unfinished"


def place(file: str | Path) -> str:
    """Return the absolute path of a file, which is the same for all spellings of its path."""
    return os.path.abspath(file)  # noqa: PTH100 (resolve would follow links)


class Journal:
    """Opens a run's journal, a new one or that of an earlier run.

    Args:
        path: The path of the journal.
        settings: What must not change while a run is unfinished, such as the model and the search
            options.

    Attributes:
        done: The absolute paths of files that need not be captioned again.
        failed: The absolute paths of files that failed.
        again: The absolute paths of the files of the batch that was cut off.

    Raises:
        UsageError: The path cannot be written, another run is using it, it is not a journal, or
            the earlier run had other settings.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any]) -> None:
        check_place(path)
        self.path = path
        self.done: set[str] = set()
        self.failed: set[str] = set()
        self.again: frozenset[str] = frozenset()
        is_new = not path.exists()
        try:
            self._stream = path.open("w+b" if is_new else "r+b")
        except OSError as error:
            raise UsageError(f"{path}: cannot be written ({error.strerror})") from error
        try:
            _lock(self._stream, path)
            with _known_lines(path):
                self._recover(json.loads(json.dumps(settings)))
        except BaseException:
            self.close()
            if is_new:
                path.unlink(missing_ok=True)
            raise

    @property
    def num_records(self) -> int:
        """How many records there are."""
        return len(self.done) + len(self.failed)

    def write(self, records: Sequence[Record]) -> None:
        """Write a batch so that it survives a loss of power.

        Raises:
            OutputError: It cannot be written.
        """
        rows = [record.to_dict() for record in records]
        self._write(rows)
        self._count(rows)

    def fail(self, records: Sequence[Record]) -> None:
        """Write that some files of the last batch failed after all.

        Raises:
            OutputError: It cannot be written.
        """
        rows = [record.to_dict() for record in records]
        self._write({"failed": {row["file"]: row["error"] for row in rows}})
        self._count(rows)

    def take_over(self, records: Iterable[Record]) -> None:
        """Write the results of an earlier, finished run, so that this run continues from them."""
        remaining = iter(records)
        while batch := [record.to_dict() for record in islice(remaining, TAKEN_OVER_AT_ONCE)]:
            self._write({"earlier": batch})
            self._count(batch)

    def records(self) -> Iterator[Record]:
        """Read all records, in the order in which they were written.

        A file that failed and was tried again keeps the place of its first failure.
        """
        latest: dict[str, Row | None] = {}
        for row in self._rows():
            if row["error"] or place(row["file"]) in latest:
                latest[place(row["file"])] = row
        for row in self._rows():
            key = place(row["file"])
            newest = latest.get(key, row)
            if newest is not None:
                yield Record.from_dict(newest)
            if key in latest:
                latest[key] = None  # each file comes once

    def _rows(self) -> Iterator[Row]:
        with self.path.open("rb") as stream:
            next(stream, None)
            batch: list[Row] = []
            for line in map(json.loads, stream):
                if "failed" in line:
                    batch = _with_errors(batch, line["failed"])
                    continue
                yield from batch
                batch = line["earlier"] if isinstance(line, dict) else line
            yield from batch

    def close(self) -> None:
        """Close the file; it stays for a later run."""
        with suppress(OSError):  # a full disk, which was reported when the line was written
            self._stream.close()

    def remove(self) -> None:
        """Remove the file, once all that it holds is in the outputs."""
        self.close()
        with output_errors(self.path):
            self.path.unlink()

    def _write(self, line: object) -> None:
        with output_errors(self.path):
            self._stream.write(json.dumps(line).encode() + b"\n")
            self._stream.flush()
            os.fsync(self._stream.fileno())

    def _recover(self, settings: object) -> None:
        """Read what an earlier run did, and cut off its last batch."""
        earlier = _line(self._stream)
        if earlier is None:
            self._cut(0)
            self._write(settings)
            return
        if earlier != settings:
            raise UsageError(
                f"{self.path}: the unfinished run had another model or other options"
                f" ({json.dumps(earlier)}); give the same ones, or delete this file to begin anew"
            )
        last: list[Row] = []
        start = end = self._stream.tell()
        while isinstance(line := _line(self._stream), list | dict):
            if isinstance(line, list):
                self._count(last)
                last, start = line, end
            elif "earlier" in line:
                self._count(line["earlier"])
                start = self._stream.tell()
            else:
                last = _with_errors(last, line["failed"])
            end = self._stream.tell()
        self.again = frozenset(place(row["file"]) for row in last)
        self._cut(start)

    def _count(self, rows: Sequence[Row]) -> None:
        for row in rows:
            has_failed = Record.from_dict(row).has_failed
            now, before = (self.failed, self.done) if has_failed else (self.done, self.failed)
            now.add(place(row["file"]))
            before.discard(place(row["file"]))

    def _cut(self, end: int) -> None:
        self._stream.seek(end)
        self._stream.truncate()


def _with_errors(rows: Sequence[Row], errors: Mapping[str, Row]) -> list[Row]:
    return [row | {"error": errors.get(row["file"], row["error"])} for row in rows]


def _line(stream: BinaryIO) -> Any:
    """Return the content of the next line; None if it is incomplete or missing."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        return None
    try:
        return json.loads(line)
    except (ValueError, RecursionError):  # what a loss of power left
        return None


@contextmanager
def _known_lines(path: Path) -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            f"{path}: this is not the journal of a run ({error!r}); delete it to start over"
        ) from error


def _lock(stream: BinaryIO, path: Path) -> None:
    """Lock out a second run; the system releases the lock however the first run ends."""
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise UsageError(f"{path}: another run is at work on it; wait for its end") from error
    except OSError:  # a network file system without locks
        return


def find_journal(outputs: Sequence[Path], folders: Sequence[Path]) -> Path:
    """Return the journal of a run with these outputs, or where a new one belongs.

    It is beside the first output or, if there are only sidecars, in the first writable folder. A
    resumed run may name its outputs in another order.

    Args:
        outputs: The run's outputs.
        folders: Where it may lie if there are no outputs.
    """
    places = [beside(output, SUFFIX) for output in outputs] or [
        folder / f".captions{SUFFIX}" for folder in folders
    ]
    there = (place for place in places if os.path.exists(place))  # noqa: PTH110 (pathlib raises where a folder is closed)
    return next(there, None) or next(
        (place for place in places if may_be_written(place.parent)), places[0]
    )


def refuse_unfinished(path: Path, resume: bool) -> None:
    """Check that an unfinished run is not started over by mistake.

    Raises:
        UsageError: The journal exists, and the run is not to be resumed.
    """
    if path.exists() and not resume:
        raise UsageError(
            f"{path} holds an unfinished run: continue it with --resume, or delete the file to"
            " start over"
        )
