"""What is known of one file after captioning, and all that a writer of results gets to see."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

TextField = Literal["caption", "label"]
"""What a record's text is called in a table: a sentence, or the name of an action."""


@dataclass(frozen=True)
class Candidate:
    """One caption that the search found.

    Attributes:
        caption: The text.
        log_prob: Its log-probability, nats.
        confidence: How likely it is right, 0 to 1; None from a model that was not fitted to tell.
    """

    caption: str
    log_prob: float
    confidence: float | None = None


@dataclass(frozen=True)
class Concept:
    """A thing that the photo's classifier saw.

    Attributes:
        name: What people call it.
        probability: That it is there, 0 to 1.
    """

    name: str
    probability: float


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
        confidence: How likely the best caption is right, 0 to 1; None where that is not known.
        concepts: What the photo's classifier saw, likeliest first, where that was asked for.
    """

    file: str
    caption: str | None
    log_prob: float | None
    candidates: tuple[Candidate, ...]
    model: str
    error: ErrorInfo | None
    confidence: float | None = None
    concepts: tuple[Concept, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the record as a row of JSONL, in this order of keys."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    def to_row(self, text_field: TextField) -> dict[str, Any]:
        """Return the record as a row of a table; labels have their names and their probabilities in it, 0 to 1."""
        row = self.to_dict()
        return row if text_field == "caption" else _labelled(row) | {"candidates": [*map(_labelled, row["candidates"])]}

    @classmethod
    def from_dict(cls, row: dict[str, Any]) -> Self:
        """Return the record of which `to_dict` made the row."""
        candidates = tuple(Candidate(**candidate) for candidate in row["candidates"])
        concepts = tuple(Concept(**concept) for concept in row.get("concepts", ()))
        error = ErrorInfo(**row["error"]) if row["error"] else None
        return cls(**{**row, "candidates": candidates, "concepts": concepts, "error": error})


def _labelled(row: dict[str, Any]) -> dict[str, Any]:
    """Call a caption a label, and put its probability beside its logarithm."""
    fields: dict[str, Any] = {}
    for name, value in row.items():
        if name in ("confidence", "concepts"):  # which captions of photos have
            continue
        fields["label" if name == "caption" else name] = value
        if name == "log_prob":
            fields["probability"] = None if value is None else math.exp(value)
    return fields
