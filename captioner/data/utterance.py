"""Defines `Utterance`: a recording and what is said in it, as every reader of speech returns it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Utterance:
    """A recording and what is said in it.

    Attributes:
        audio: The file.
        text: The words.
        speaker: Who speaks; empty where that is not known.
    """

    audio: Path
    text: str
    speaker: str = ""
