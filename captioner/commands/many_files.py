"""Runs over many files, with messages, for `caption`, `recognize` and `transcribe`."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from captioner.commands.options import is_stream
from captioner.terminal import check_output, print_note, print_row, print_text, print_told

if TYPE_CHECKING:
    from captioner.batch import Destinations, FileResult, Found, Run, Summary
    from captioner.batch.run import Engine

Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Continue an unfinished run, add to a finished one, or begin; retry what failed.",
    ),
]


def destinations(outputs: Sequence[Path] | None, **options: Any) -> "Destinations":
    """Return where results go; `-` gets JSON lines as they come, which no later run can resume.

    Args:
        outputs: The files that the user named.
        options: Other fields of `Destinations`.
    """
    from captioner.batch import Destinations

    named = outputs or []
    files = [output for output in named if not is_stream(output)]
    return Destinations(outputs=files, as_json=len(files) < len(named), **options)


def nothing_to_do(run: "Run") -> bool:
    """Check the outputs before a model is loaded, and tell whether the run has finished already.

    A finished run still has something to do if there are new files that can be added to its
    outputs, or failed files that can be tried again.

    Raises:
        UsageError: An output cannot be written, or cannot hold these files.
        MissingExtraError: A format needs a library that is not installed.
    """
    run.check()
    to = run.destinations
    if to.as_json or not (to.are_kept or to.attention):
        check_output()
    if not (run.resume and run.is_finished()):
        return False
    left = run.left_to_do()
    came, failed = left or (0, 0)
    if came:
        print_note(
            f"{came:,} of {len(run.files):,} files came since the run had finished, and are added"
            " to it"
        )
    if failed:
        print_note(
            f"{failed:,} of {len(run.files):,} files failed in the finished run, and are tried"
            " again"
        )
    if came or failed:
        return False
    done = ", ".join(map(str, to.outputs))
    hint = (
        "; to add what came since, and to try what failed, name a .jsonl, .parquet or .csv"
        " output as well"
    )
    hint = hint if left is None else ""
    print_note(f"{done}: already finished; without --resume it is made again{hint}")
    return True


def work_through(
    run: "Run",
    found: "Found",
    engine: "Engine",
    settings: Mapping[str, Any],
    rows: Callable[["FileResult"], Iterable[tuple[str, ...]]] | None,
) -> None:
    """Run over the files, report on standard error, and set the exit status.

    Args:
        run: The files, and where results go.
        found: The search that the run's files came from.
        engine: Processes the files in batches.
        settings: What must not change while a run is unfinished.
        rows: Returns the rows to print for a file that did not fail, unless JSON is printed; None
            to print nothing.
    """
    from captioner.outputs.jsonl import json_line

    as_json = run.destinations.as_json
    show = print_told if run.destinations.are_kept else print_row

    def tell(done: "FileResult") -> None:
        if as_json:
            print_text(json_line(done.record, run.destinations.text_field))
        if done.record.error is not None:
            print_note(f"{done.record.file}: {done.record.error.message}")
        elif rows and not as_json:
            for fields in rows(done):
                show(*fields)

    hide = (as_json or rows is not None) and sys.stdout.isatty()
    if note := found.note():
        print_note(note)
    _end(run.execute(engine, settings, show=tell, hide_progress=hide), run.destinations)


def _end(summary: "Summary", to: "Destinations") -> None:
    from captioner.outputs import failures_in

    listed = [] if summary.stopped else failures_in(to.outputs, to.text_field)
    whole = to.are_kept or summary.stopped
    for line in summary.lines(listed) if whole else summary.failure_lines(listed):
        print_note(line)
    if summary.stopped:
        print_note("stopped" + (": the same command with --resume goes on" if to.are_kept else ""))
        raise typer.Exit(130)
    if summary.failed:
        raise typer.Exit(1)
