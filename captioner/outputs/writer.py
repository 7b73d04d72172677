"""Defines the interface of all writers of results.

Writers take records one by one; `close`, or the end of a `with` block, finishes the output.
"""

from abc import ABC, abstractmethod
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from captioner.outputs.disk import output_errors, written_whole
from captioner.outputs.record import Record, TextField


class Writer(ABC):
    """Takes records one by one.

    Attributes:
        lists_failures: Whether the output says which files failed, and why.
    """

    lists_failures: ClassVar[bool] = False

    def __init__(self) -> None:
        # Open files, which get their names in `close` and are removed if the work fails.
        self._open = ExitStack()
        self._closed = False

    @abstractmethod
    def write(self, record: Record) -> None:
        """Take one record.

        Raises:
            OutputError: It cannot be written.
        """

    def close(self) -> None:
        """Finish the output.

        Raises:
            OutputError: The rest cannot be written.
        """
        if not self._closed:
            self._closed = True
            with self._open:
                self._finish()

    @abstractmethod
    def _finish(self) -> None:
        """Write what comes after the last record."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            self._open.__exit__(kind, error, trace)


class TextWriter(Writer, ABC):
    """Writes a text file that gets its name once it is complete; an older one stays until then.

    A subclass defines the head, the row of each record, and the foot.

    Args:
        path: The file.
        text_field: What a record's text is called, in formats that name it.

    Raises:
        UsageError: It cannot be opened.
    """

    def __init__(self, path: str | Path, text_field: TextField = "caption") -> None:
        super().__init__()
        self._text_field: TextField = text_field
        self._path = Path(path)
        self._stream = self._open.enter_context(written_whole(path))
        self._put(self._head())

    def write(self, record: Record) -> None:
        """Write the record's row.

        Raises:
            OutputError: It cannot be written.
        """
        self._put(self._row(record))

    def _finish(self) -> None:
        self._put(self._foot())

    def _head(self) -> str:
        return ""

    @abstractmethod
    def _row(self, record: Record) -> str: ...

    def _foot(self) -> str:
        return ""

    def _put(self, text: str) -> None:
        with output_errors(self._path):
            self._stream.write(text)
