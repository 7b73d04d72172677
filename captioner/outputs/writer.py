"""What all writers of results share: records go in one by one, `close` or the end of a `with` block finishes."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from captioner.outputs.record import Record


class Writer(ABC):
    """Takes records as they come."""

    @abstractmethod
    def write(self, record: Record) -> None:
        """Take one record.

        Raises:
            OutputError: It cannot be written.
        """

    @abstractmethod
    def close(self) -> None:
        """Finish; what was taken so far is kept, also where the work broke off.

        Raises:
            OutputError: The rest cannot be written.
        """

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
