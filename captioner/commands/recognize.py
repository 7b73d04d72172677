"""`recognize`: names the actions in clips, on the terminal or into files."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from captioner.commands.many_files import Resume, destinations, nothing_to_do, work_through
from captioner.commands.options import Device, Models

if TYPE_CHECKING:
    from captioner.batch import FileResult

Clips = Annotated[
    list[str],
    typer.Argument(
        help="Clips, folders (searched recursively), globs, addresses; - is standard input."
    ),
]
Output = Annotated[
    list[Path] | None,
    typer.Option(
        help="Write .jsonl, .csv, .parquet or an .html page; - prints JSON lines. May be repeated."
    ),
]
Top = Annotated[int, typer.Option(min=1, help="The most labels of a clip, best first.")]
BatchSize = Annotated[
    int | None,
    typer.Option(min=1, help="Clips in one pass of the model. Default: found by itself."),
]
Explain = Annotated[
    Path | None,
    typer.Option(help="Folder for one PNG a clip: its frames, lit by how much each counted."),
]
Show = Annotated[
    bool, typer.Option("--show", help="Print labels also where they are written to files.")
]


def recognize(
    paths: Clips,
    output: Output = None,
    resume: Resume = False,
    model: Models = ["actions"],  # noqa: B006 (nobody changes it)
    top: Top = 1,
    batch_size: BatchSize = None,
    explain: Explain = None,
    show: Show = False,
    device: Device = "auto",
) -> None:
    """Name the actions in clips. Exit status: 0 all recognized, 1 some failed, 2 wrong use."""
    from captioner.batch import Labels, Run, caption_batches, find_clips
    from captioner.outputs import AttentionWriter
    from captioner.pipeline import load_recognizer

    found = find_clips(paths)
    attention = AttentionWriter(explain, found.files) if explain is not None else None
    to = destinations(output, attention=attention, text_field="label")
    run = Run(found.files, to, resume, Labels("clips", "labels", "recognized"))
    if nothing_to_do(run):
        return
    recognizer = load_recognizer(model, device)
    search = recognizer.best_labels(top)
    work_through(
        run,
        found,
        lambda todo, stop: caption_batches(recognizer, todo, search, batch_size, stop),
        {"model": recognizer.name, "search": search.model_dump()},
        _rows if show or not to.outputs else None,
    )


def _rows(done: "FileResult") -> list[tuple[str, ...]]:
    return [
        (done.record.file, candidate.caption, f"{math.exp(candidate.log_prob):.3f}")
        for candidate in done.record.candidates
    ]
