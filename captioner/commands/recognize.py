"""`recognize`: clips to the actions in them, on the terminal or into files."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from captioner.commands.many_files import Resume, nothing_to_do, to_files, work_through
from captioner.commands.options import Device, Models, load_recognizer
from captioner.terminal import print_row

if TYPE_CHECKING:
    from captioner.batch import Captioned


def recognize(
    paths: Annotated[
        list[str],
        typer.Argument(help="Clips, folders (searched recursively), globs, addresses; - is standard input."),
    ],
    output: Annotated[
        list[Path] | None,
        typer.Option(help="Write .jsonl, .csv, .parquet or an .html page; - prints JSON lines. May be repeated."),
    ] = None,
    resume: Resume = False,
    model: Models = ["actions"],  # noqa: B006 (nobody changes it)
    top: Annotated[int, typer.Option(min=1, help="The most labels of a clip, best first.")] = 1,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Clips in one pass of the model. Default: found by itself.")
    ] = None,
    explain: Annotated[
        Path | None, typer.Option(help="Folder for one PNG a clip: its frames, lit by how much each counted.")
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Print labels also where they are written to files.")] = False,
    device: Device = "auto",
) -> None:
    """Name the actions in clips. Exit status: 0 all recognized, 1 some failed, 2 wrong use."""
    from captioner.batch import Destinations, Wording, caption_batches, find_clips
    from captioner.outputs import AttentionWriter

    found, outputs = find_clips(paths), to_files(output or [])
    as_json = len(outputs) < len(output or [])
    files = found.files
    looks = AttentionWriter(explain, files) if explain is not None else None
    to = Destinations(outputs=outputs, looks=looks, text_field="label")
    if nothing_to_do(files, to, resume, as_json):
        return
    recognizer = load_recognizer(model, device)
    search = recognizer.best_labels(top)
    work_through(
        lambda todo, stop: caption_batches(recognizer, todo, search, batch_size, stop),
        found,
        to,
        {"model": recognizer.name, "search": search.model_dump()},
        resume=resume,
        as_json=as_json,
        show=_show if show or not outputs else None,
        wording=Wording("clips", "labels", "recognized"),
    )


def _show(done: "Captioned") -> None:
    for candidate in done.record.candidates:
        print_row(done.record.file, candidate.caption, f"{math.exp(candidate.log_prob):.3f}")
