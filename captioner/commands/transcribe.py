"""`transcribe`: recordings to what is said in them, on the terminal, as text or as subtitles."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from captioner.commands.options import BeamSize, Device, Model, given

if TYPE_CHECKING:
    from captioner.outputs.transcripts import TranscriptRecord


def transcribe(
    paths: Annotated[
        list[str], typer.Argument(help="Recordings, or videos with sound, folders (searched recursively) and globs.")
    ],
    output: Annotated[
        list[Path] | None,
        typer.Option(
            help="Write .jsonl, .txt (a line a recording), or subtitles of one recording, .srt or .vtt; may repeat."
        ),
    ] = None,
    model: Model = "digits",
    num_transcripts: Annotated[
        int, typer.Option(min=1, help="Transcripts of each recording, best first, in .jsonl.")
    ] = 1,
    beam_size: BeamSize = None,
    device: Device = "auto",
) -> None:
    """Write down what is said in recordings. Exit status: 0 all transcribed, 1 some failed, 2 wrong use."""
    from captioner.folder import find_recordings
    from captioner.outputs.transcripts import check_transcript_outputs
    from captioner.pipeline import load_transcriber
    from captioner.progress import progress
    from captioner.transcription import transcribe_files

    files, outputs = find_recordings(paths), output or []
    check_transcript_outputs(outputs, len(files))
    transcriber = load_transcriber(model, device)
    search = transcriber.options(**given(beam_size=beam_size), num_captions=num_transcripts)
    num_failed = 0
    with ExitStack() as stack:
        streams = [stack.enter_context(_stream(path)) for path in outputs]
        on_screen = not outputs and sys.stdout.isatty()
        advance = stack.enter_context(progress("transcripts", len(files), "recordings", hidden=on_screen))
        for record in transcribe_files(transcriber, files, search):
            num_failed += record.error is not None
            _show(record, to_terminal=not outputs)
            _write(record, outputs, streams)
            advance()
    if num_failed:
        print(f"{num_failed:,} of {len(files):,} recordings could not be transcribed", file=sys.stderr)
        raise typer.Exit(1)


@contextmanager
def _stream(path: Path) -> Iterator[TextIO]:
    """Open an output; what is written stays, come what may."""
    from captioner.outputs.disk import output_errors

    with (
        output_errors(path),
        path.open("w", encoding="utf-8", errors="surrogateescape", newline="\n") as stream,
    ):
        yield stream


def _write(record: "TranscriptRecord", outputs: Sequence[Path], streams: Sequence[TextIO]) -> None:
    from captioner.outputs.transcripts import FORMATS

    for path, stream in zip(outputs, streams, strict=True):
        stream.write(FORMATS[path.suffix.lower()](record))
        stream.flush()


def _show(record: "TranscriptRecord", to_terminal: bool) -> None:
    if record.error is not None:
        print(f"{record.file}: {record.error.message}", file=sys.stderr)
    elif to_terminal:
        print(f"{record.file}\t{(record.text or '').strip()}", flush=True)
