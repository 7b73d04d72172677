"""Defines the record of one file, its result or its error, which every writer of results takes."""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Self

from captioner.errors import CaptionerError, InputError

TextField = Literal["caption", "label", "text"]
"""The column of a record's text: a photo's or clip's caption, an action's label, or speech."""

LEFT_OUT: dict[TextField, tuple[str, ...]] = {
    "caption": ("duration_s", "segments"),
    "label": ("language", "confidence", "concepts", "duration_s", "segments"),
    "text": ("language", "confidence", "concepts"),
}
"""The fields that records with each kind of text lack."""


@dataclass(frozen=True)
class Candidate:
    """One caption that the search found.

    Attributes:
        caption: The text.
        log_prob: Its log-probability, nats.
        confidence: How likely it is right, 0 to 1; None if the model was not calibrated.
    """

    caption: str
    log_prob: float
    confidence: float | None = None


@dataclass(frozen=True)
class Concept:
    """A word that was detected in a photo.

    Attributes:
        name: The word.
        probability: That a person's caption of the photo uses it, 0 to 1.
    """

    name: str
    probability: float


@dataclass(frozen=True)
class Segment:
    """A part of a recording between two pauses.

    Attributes:
        start_s: Where it begins, seconds.
        end_s: Where it ends.
        text: What is said in it.
    """

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True)
class ErrorInfo:
    """Why a file failed.

    Attributes:
        type: Name of the error's class, such as `CorruptFileError`.
        message: What is wrong with the file.
    """

    type: str
    message: str

    @classmethod
    def of(cls, error: CaptionerError) -> Self:
        """Return an error's type and message; the message does not repeat the input's name."""
        message = error.reason if isinstance(error, InputError) else str(error)
        return cls(type(error).__name__, message)


@dataclass(frozen=True)
class Record:
    """One file, captioned or failed.

    Attributes:
        file: The file, as the caller named it; bytes that are not UTF-8 appear as lone surrogates
            (PEP 383).
        caption: The best caption; None if there is none.
        log_prob: Its log-probability, nats; None if the file failed or a person wrote the caption.
        candidates: All captions asked for, best first; the first is `caption` itself.
        model: Name of the model.
        error: Why there is no caption, or why its sidecar or picture could not be written; None if
            nothing failed.
        language: The caption's language, a code such as en; None if it is not known.
        confidence: How likely the best caption is right, 0 to 1; None if it is not known.
        concepts: The words detected in the photo, likeliest first, if they were asked for.
        duration_s: How long a recording lasts, seconds; None if the file failed or is no recording.
        segments: The parts of a recording in which something is said.
    """

    file: str
    caption: str | None
    log_prob: float | None
    candidates: tuple[Candidate, ...]
    model: str
    error: ErrorInfo | None
    language: str | None = None
    confidence: float | None = None
    concepts: tuple[Concept, ...] = ()
    duration_s: float | None = None
    segments: tuple[Segment, ...] = ()

    @classmethod
    def failed(cls, file: str | Path, error: InputError, model: str) -> Self:
        """Return the record of a file that cannot be read."""
        return cls(str(file), None, None, (), model, ErrorInfo.of(error))

    @property
    def has_failed(self) -> bool:
        """Whether the file failed and no person has written its text since.

        A text that a person wrote has no log-probability.
        """
        return self.error is not None and (self.caption is None or self.log_prob is not None)

    def to_dict(self) -> dict[str, Any]:
        """Return all fields, in the order of the attributes."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }

    def to_row(self, text_field: TextField) -> dict[str, Any]:
        """Return the record as a row of a table; labels also get their probabilities, 0 to 1."""
        row = _row(self.to_dict(), text_field)
        return row | {
            "candidates": [_row(candidate, text_field) for candidate in row["candidates"]]
        }

    @classmethod
    def from_dict(cls, row: dict[str, Any]) -> Self:
        """Return the record from which `to_dict` made the row."""
        parts: dict[str, Any] = {
            "candidates": tuple(Candidate(**one) for one in row["candidates"]),
            "concepts": tuple(Concept(**one) for one in row.get("concepts", ())),
            "segments": tuple(Segment(**one) for one in row.get("segments", ())),
            "error": ErrorInfo(**row["error"]) if row["error"] else None,
        }
        return cls(**(row | parts))

    @classmethod
    def from_row(cls, row: dict[str, Any], text_field: TextField) -> Self:
        """Return the record from which `to_row` made the row; unknown fields are left out."""
        known = {name for name in cls.__dataclass_fields__ if name not in LEFT_OUT[text_field]}
        named = {"error": None, **_named(row, text_field, known)}
        named["candidates"] = [
            _named(one, text_field, set(Candidate.__dataclass_fields__))
            for one in row.get("candidates") or ()
        ]
        return cls.from_dict(named)


def _named(row: dict[str, Any], text_field: TextField, known: set[str]) -> dict[str, Any]:
    """Return the known fields of a row, the text as `caption`."""
    named = {"caption" if name == text_field else name: value for name, value in row.items()}
    return {name: value for name, value in named.items() if name in known}


def _row(named: dict[str, Any], text_field: TextField) -> dict[str, Any]:
    """Rename the text, leave out fields that it lacks, and add the probability of a label."""
    fields: dict[str, Any] = {}
    for name, value in named.items():
        if name in LEFT_OUT[text_field]:
            continue
        fields[text_field if name == "caption" else name] = value
        if name == "log_prob" and text_field == "label":
            fields["probability"] = None if value is None else math.exp(value)
    return fields
