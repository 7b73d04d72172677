"""What is known of one file after captioning, and all that a writer of results gets to see."""

from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Candidate:
    """One caption that the search found.

    Attributes:
        caption: The text.
        log_prob: Its log-probability, nats.
    """

    caption: str
    log_prob: float


@dataclass(frozen=True)
class ErrorInfo:
    """Why a file has no caption.

    Attributes:
        type: Name of the error's class, such as `CorruptFileError`.
        message: What is wrong with the file.
    """

    type: str
    message: str


@dataclass(frozen=True)
class Record:
    """One file, captioned or failed.

    Attributes:
        file: The file, as the caller named it; bytes that are no UTF-8 stand in it as lone surrogates (PEP 383).
        caption: The best caption; None where the file failed.
        log_prob: Its log-probability, nats; None where the file failed.
        candidates: All captions asked for, best first; the first is `caption` itself.
        model: Name of the model.
        error: Why there is no caption; None where there is one.
    """

    file: str
    caption: str | None
    log_prob: float | None
    candidates: tuple[Candidate, ...]
    model: str
    error: ErrorInfo | None

    def to_dict(self) -> dict[str, Any]:
        """Return the record as a row of JSONL, in this order of keys."""
        return {**asdict(self), "candidates": [asdict(candidate) for candidate in self.candidates]}

    @classmethod
    def from_dict(cls, row: dict[str, Any]) -> Self:
        """Return the record of which `to_dict` made the row."""
        candidates = tuple(Candidate(**candidate) for candidate in row["candidates"])
        error = ErrorInfo(**row["error"]) if row["error"] else None
        return cls(**{**row, "candidates": candidates, "error": error})
