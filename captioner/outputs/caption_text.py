"""Formats a caption for training an image generator: a trigger word, and fixed words around it."""

import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from captioner.errors import UsageError
from captioner.outputs.record import Record

PLACES = ("caption", "name", "n")


@dataclass(frozen=True)
class CaptionText:
    """Formats a record's caption for a sidecar or a `metadata.jsonl`.

    Attributes:
        template: `{caption}` stands for the caption, `{name}` for the photo's name without its
            suffix, `{n}` for its number among the run's photos, from 1.
        prefix: Text before the template.
        suffix: Text after the template.
        trigger: The word that will later invoke what the image generator learns. It comes first,
            before a comma, so trainers that shuffle the parts of a caption can keep it in its
            place.
        numbers: Each file's number, for `{n}`.

    Raises:
        UsageError: The template has another name in braces, or an unpaired brace.

    Source:
        The taggers for kohya's sd-scripts (github.com/bmaltais/kohya_ss): prefix, postfix,
        `keep_tokens`.
    """

    template: str = "{caption}"
    prefix: str = ""
    suffix: str = ""
    trigger: str = ""
    numbers: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        try:
            places = {
                place
                for _, place, _, _ in string.Formatter().parse(self.template)
                if place is not None
            }
            if unknown := sorted(places - set(PLACES)):
                known = ", ".join(f"{{{place}}}" for place in PLACES)
                raise UsageError(
                    f"--template {self.template!r}: {{{unknown[0]}}} is unknown; use {known}"
                )
            self.template.format(caption="", name="", n=1)
        except ValueError as error:
            raise UsageError(
                f"--template {self.template!r}: {error}; a brace itself is written twice"
            ) from error

    def __call__(self, record: Record) -> str:
        """Return the text of a captioned record."""
        places = {
            "caption": record.caption,
            "name": Path(record.file).stem,
            "n": self.numbers.get(record.file, 1),
        }
        trigger = f"{self.trigger}, " if self.trigger else ""
        return f"{trigger}{self.prefix}{self.template.format(**places)}{self.suffix}"
