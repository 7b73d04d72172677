"""What `caption`, `recognize` and `transcribe` share: a run over many files, and what is said at its end."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from captioner.commands.options import is_stream
from captioner.terminal import check_output, output_is_closed, print_note, print_text

if TYPE_CHECKING:
    from captioner.batch import Captioned, Destinations, Found, Summary, Wording
    from captioner.batch.run import Engine

Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Go on with a run that did not come to its end, add to one that did, or begin; retry what failed.",
    ),
]


def to_files(outputs: Sequence[Path]) -> list[Path]:
    """Return the outputs without `-`, which gets JSON lines as they come and is gone on with by no later run."""
    return [output for output in outputs if not is_stream(output)]


def nothing_to_do(files: Sequence[str | Path], to: "Destinations", resume: bool, as_json: bool) -> bool:
    """Check the outputs, before a model is loaded; tell whether the run to resume had come to its end, and say so.

    It has not where files came since that can be added to its outputs, or failed and can be tried again.

    Raises:
        UsageError: An output cannot be written, or not be of these files.
        MissingExtraError: A format needs a library that is not installed.
    """
    from captioner.batch import is_finished, left_to_do
    from captioner.outputs import check_outputs

    check_outputs(to.outputs, files, to.text_field)
    if as_json or not (to.outputs or to.sidecars or to.looks):
        check_output()
    if not (resume and is_finished(files, to)):
        return False
    left = left_to_do(files, to)
    came, failed = left or (0, 0)
    if came:
        print_note(f"{came:,} of {len(files):,} files came since the run had finished, and are added to it")
    if failed:
        print_note(f"{failed:,} of {len(files):,} files failed in the finished run, and are tried again")
    if came or failed:
        return False
    done = ", ".join(map(str, to.outputs))
    why = "; to add what came since, and to try what failed, name a .jsonl, .parquet or .csv output as well"
    unknown = why if left is None else ""
    print_note(f"{done}: finished already; without --resume it is made anew{unknown}")
    return True


def work_through(
    engine: "Engine",
    found: "Found",
    to: "Destinations",
    settings: Mapping[str, Any],
    *,
    resume: bool,
    as_json: bool,
    show: Callable[["Captioned"], None] | None,
    wording: "Wording",
) -> None:
    """Run over the files, tell on standard error what failed and what was done, and choose the exit status.

    Args:
        engine: Works on batches.
        found: What is worked on, and what was passed over.
        to: Where results go.
        settings: What may not change while a run is unfinished.
        resume: Go on with the unfinished run.
        as_json: Print a record of each file as a line of JSON, whether it failed or not.
        show: Prints what became of a file that did not fail, where that is not done as JSON. None: nothing is printed.
        wording: What files are called, and what is done with them.
    """
    from captioner.batch import run_folder
    from captioner.outputs.jsonl import json_line

    def tell(done: "Captioned") -> None:
        if as_json:
            print_text(json_line(done.record, to.text_field))
        if done.record.error is not None:
            print_note(f"{done.record.file}: {done.record.error.message}")
        elif show and not (as_json or output_is_closed()):
            show(done)

    hide = (as_json or show is not None) and sys.stdout.isatty()
    if note := found.note():
        print_note(note)
    _end(
        run_folder(engine, found.files, to, settings, resume=resume, show=tell, hide_progress=hide, wording=wording), to
    )


def _end(summary: "Summary", to: "Destinations") -> None:
    from captioner.outputs import failures_in

    kept = bool(to.outputs or to.sidecars)
    listed = [] if summary.stopped else failures_in(to.outputs, to.text_field)
    for line in summary.lines(listed) if kept or summary.stopped else summary.failure_lines(listed):
        print_note(line)
    if summary.stopped:
        print_note("stopped" + (": the same command with --resume goes on" if kept else ""))
        raise typer.Exit(130)
    if summary.failed:
        raise typer.Exit(1)
