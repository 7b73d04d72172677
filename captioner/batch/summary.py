"""Counts what a run has done, and writes the summary that is printed at its end."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from captioner.outputs.record import Record


@dataclass(frozen=True)
class Labels:
    """What files are called in messages, and what is done with them.

    Attributes:
        items: The files, in the plural.
        results: What is made of them.
        did: What was done, as in `captioned 3 of 3 photos`.
    """

    items: str = "photos"
    results: str = "captions"
    did: str = "captioned"


@dataclass
class Summary:
    """Counts the files of a run by what became of them.

    Attributes:
        total: All files of the run.
        labels: What they are called.
        skipped: Files that had a sidecar already.
        earlier: Files that an earlier run had done.
        captioned: Files that this run has captioned.
        failed: Files that this run could not caption, for each kind of error.
        num_done: Files that this run has processed, captioned or failed.
        seconds: How long that took, without loading the model.
        stopped: Whether the user stopped the run.
    """

    total: int
    labels: Labels = field(default_factory=Labels)
    skipped: int = 0
    earlier: int = 0
    captioned: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    num_done: int = 0
    seconds: float = 0.0
    stopped: bool = False

    def count(self, record: Record) -> None:
        """Count one more file."""
        self.num_done += 1
        if record.error is None:
            self.captioned += 1
        else:
            self.failed[record.error.type] += 1

    def lines(self, failures_in: Sequence[str]) -> list[str]:
        """Return lines that say what was done.

        Args:
            failures_in: The outputs that list the failed files; empty if each was printed.
        """
        items, did = self.labels.items, self.labels.did
        rate = f"{self.num_done / max(self.seconds, 1e-9):.1f} {items} a second"
        parts = [
            f"{did} {self.captioned:,} of {self.total:,} {items} in {_duration(self.seconds)}"
            f" ({rate})"
        ]
        parts += [f"{self.earlier:,} were done before"] * (self.earlier > 0)
        parts += [f"{self.skipped:,} skipped, which have captions"] * (self.skipped > 0)
        return ["; ".join(parts), *self.failure_lines(failures_in)]

    def failure_lines(self, failures_in: Sequence[str]) -> list[str]:
        """Return a line that says how many files failed and where they are listed, if any."""
        if not self.failed:
            return []
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in self.failed.most_common())
        place = f"see {' or '.join(failures_in)}" if failures_in else "each is named above"
        failed = (
            f"{self.failed.total():,} of {self.total:,} {self.labels.items} could not be"
            f" {self.labels.did}"
        )
        return [f"{failed} ({kinds}): {place}"]


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
