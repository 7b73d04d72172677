"""The progress bar of all long work, with rate and time left, on a terminal's standard error."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.progress import ProgressColumn


class Advance(Protocol):
    """Moves the bar by a number of items; `note` replaces the text behind it."""

    def __call__(self, count: float = 1, note: str = "") -> None:
        """Move the bar."""


@contextmanager
def progress(
    description: str, total: float | None, unit: str, done: float = 0, hidden: bool = False
) -> Iterator[Advance]:
    """Show a bar while the block runs, and yield what moves it.

    Args:
        description: What is being done.
        total: How many items there are; None where that is not known.
        unit: What an item is called, in the plural.
        done: How many are done already.
        hidden: Show nothing, since what the work prints shows how far it is.
    """
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns: list[ProgressColumn | str] = [
        "{task.description}",
        BarColumn(),
        MofNCompleteColumn(),
        _rate_column(unit),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    ]
    console = Console(stderr=True)
    # Of several processes that a launcher started, the first one shows the bar.
    shown = not hidden and console.is_terminal and os.environ.get("LOCAL_RANK", "0") == "0"
    # What is printed beside the bar goes above it on a terminal, but stays on standard output where
    # that is a file.
    redirect = sys.stdout.isatty()
    with Progress(
        *columns, console=console, transient=True, disable=not shown, redirect_stdout=redirect
    ) as bar:
        task = bar.add_task(description, total=total, completed=int(done), note="")

        def advance(count: float = 1, note: str = "") -> None:
            bar.advance(task, count)
            if note:
                bar.update(task, note=note)

        yield advance


def _rate_column(unit: str) -> "ProgressColumn":
    from rich.progress import ProgressColumn, Task
    from rich.text import Text

    class RateColumn(ProgressColumn):
        def render(self, task: Task) -> Text:
            speed = task.finished_speed or task.speed
            return Text("" if speed is None else f"{speed:.1f} {unit}/s")

    return RateColumn()
