"""`transcribe`: recordings to what is said in them, on the terminal, as text or as subtitles."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from captioner.commands.many_files import Resume, nothing_to_do, to_files, work_through
from captioner.commands.options import BeamSize, Device, Models, given
from captioner.terminal import print_row

if TYPE_CHECKING:
    from captioner.batch import Captioned


def transcribe(
    paths: Annotated[
        list[str],
        typer.Argument(
            help="Recordings, or videos with sound, folders (searched recursively), globs, addresses; - is standard"
            " input."
        ),
    ],
    output: Annotated[
        list[Path] | None,
        typer.Option(
            help="Write .jsonl, .csv, .parquet, .txt (a line a recording), or subtitles of one recording, .srt or .vtt;"
            " - prints JSON lines. May be repeated."
        ),
    ] = None,
    resume: Resume = False,
    model: Models = ["digits"],  # noqa: B006 (nobody changes it)
    num_transcripts: Annotated[
        int, typer.Option(min=1, help="Transcripts of each recording, best first, in .jsonl and .parquet.")
    ] = 1,
    beam_size: BeamSize = None,
    show: Annotated[
        bool, typer.Option("--show", help="Print transcripts also where they are written to files.")
    ] = False,
    device: Device = "auto",
) -> None:
    """Write down what is said in recordings. Exit status: 0 all transcribed, 1 some failed, 2 wrong use."""
    from captioner.batch import Destinations, Wording, find_recordings
    from captioner.batch.recordings import transcribe_batches
    from captioner.pipeline import load_transcriber

    found, outputs = find_recordings(paths), to_files(output or [])
    as_json = len(outputs) < len(output or [])
    files = found.files
    to = Destinations(outputs=outputs, text_field="text")
    if nothing_to_do(files, to, resume, as_json):
        return
    transcriber = load_transcriber(model, device)
    search = transcriber.options(**given(beam_size=beam_size), num_captions=num_transcripts)
    work_through(
        lambda todo, stop: transcribe_batches(transcriber, todo, search, stop),
        found,
        to,
        {"model": transcriber.name, "search": search.model_dump()},
        resume=resume,
        as_json=as_json,
        show=_show if show or not outputs else None,
        wording=Wording("recordings", "transcripts", "transcribed"),
    )


def _show(done: "Captioned") -> None:
    print_row(done.record.file, (done.record.caption or "").strip())
