"""`transcribe`: writes what is said in recordings, on the terminal, as text or as subtitles."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from captioner.commands.many_files import Resume, destinations, nothing_to_do, work_through
from captioner.commands.options import BeamSize, Device, Models, given

if TYPE_CHECKING:
    from captioner.batch import FileResult

Recordings = Annotated[
    list[str],
    typer.Argument(
        help="Recordings, or videos with sound, folders (searched recursively), globs, addresses; -"
        " is standard input."
    ),
]
Output = Annotated[
    list[Path] | None,
    typer.Option(
        help="Write .jsonl, .csv, .parquet, .txt (a line a recording), or subtitles of one"
        " recording, .srt or .vtt; - prints JSON lines. May be repeated."
    ),
]
NumTranscripts = Annotated[
    int,
    typer.Option(min=1, help="Transcripts of each recording, best first, in .jsonl and .parquet."),
]
Show = Annotated[
    bool, typer.Option("--show", help="Print transcripts also where they are written to files.")
]


def transcribe(
    paths: Recordings,
    output: Output = None,
    resume: Resume = False,
    model: Models = ["digits"],  # noqa: B006 (nobody changes it)
    num_transcripts: NumTranscripts = 1,
    beam_size: BeamSize = None,
    show: Show = False,
    device: Device = "auto",
) -> None:
    """Write down what is said in recordings.

    Exit status: 0 all transcribed, 1 some failed, 2 wrong use.
    """
    from captioner.batch import Labels, Run, find_recordings
    from captioner.batch.recordings import transcribe_batches
    from captioner.pipeline import load_transcriber

    found = find_recordings(paths)
    labels = Labels("recordings", "transcripts", "transcribed")
    run = Run(found.files, destinations(output, text_field="text"), resume, labels)
    if nothing_to_do(run):
        return
    transcriber = load_transcriber(model, device)
    search = transcriber.options(**given(beam_size=beam_size), num_captions=num_transcripts)
    work_through(
        run,
        found,
        lambda todo, stop: transcribe_batches(transcriber, todo, search, stop),
        {"model": transcriber.name, "search": search.model_dump()},
        _rows if show or not run.destinations.outputs else None,
    )


def _rows(done: "FileResult") -> list[tuple[str, ...]]:
    return [(done.record.file, (done.record.caption or "").strip())]
