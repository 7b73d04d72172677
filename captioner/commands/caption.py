"""`caption` and `demo`: photos to captions, on the terminal or into files."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from captioner.commands.options import BatchSize, BeamSize, Device, Model, describe, given, load_model
from captioner.config import SearchConfig

if TYPE_CHECKING:
    from captioner.folder import Captioned
    from captioner.outputs import AttentionWriter, Writer
    from captioner.pipeline import Captioner


def caption(
    paths: Annotated[list[str], typer.Argument(help="Photos, folders (searched recursively) and globs.")],
    output: Annotated[
        list[Path] | None,
        typer.Option(help="Write .jsonl, .csv, COCO results .json or an .html page, by the suffix; may be repeated."),
    ] = None,
    model: Model = "flickr8k",
    beam_size: BeamSize = None,
    num_captions: Annotated[int, typer.Option(min=1, help=describe("num_captions"))] = 1,
    max_length: Annotated[int | None, typer.Option(min=1, help=describe("max_length"))] = None,
    sample: Annotated[bool, typer.Option("--sample", help=describe("sample"))] = False,
    temperature: Annotated[float | None, typer.Option(help=describe("temperature"))] = None,
    seed: Annotated[int | None, typer.Option(help=describe("seed") + " The same seed gives the same captions.")] = None,
    batch_size: BatchSize = 16,
    sidecar: Annotated[bool, typer.Option("--sidecar", help="Write a .txt beside each photo.")] = False,
    explain: Annotated[
        Path | None, typer.Option(help="Folder for one PNG a photo: where the decoder looked at each word.")
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Print captions also where they are written to files.")] = False,
    device: Device = "auto",
) -> None:
    """Caption photos: one line each, or into files. Exit status: 0 all captioned, 1 some failed, 2 wrong use."""
    from captioner.folder import find_photos

    files = find_photos(paths)
    changes = {
        "beam_size": beam_size,
        "num_captions": num_captions,
        "max_length": max_length,
        "sample": sample,
        "temperature": temperature,
        "seed": seed,
    }
    to_terminal = show or not (output or sidecar)
    # First what may be wrong with model and options: opening an output empties what an earlier run wrote there.
    captioner = load_model(model, device)
    search = captioner.options(**given(**changes))
    with ExitStack() as stack:
        writers = _open_writers(stack, output or [], files, sidecar)
        looks = _attention_writer(explain, files)
        num_failed = 0
        for done in _captioned(captioner, files, search, batch_size, hidden=to_terminal and sys.stdout.isatty()):
            num_failed += done.record.error is not None
            _show(done, to_terminal)
            for writer in writers:
                writer.write(done.record)
            if looks is not None and done.result is not None and done.image is not None:
                best = done.result.candidates[0]
                looks.write(done.record.file, done.image, best.words, best.attention)
    if num_failed:
        print(f"{num_failed} of {len(files)} photos could not be captioned", file=sys.stderr)
        raise typer.Exit(1)


def demo(
    output: Annotated[Path, typer.Option(help="The page that is written.")] = Path("captioner-demo.html"),
    model: Model = "flickr8k",
) -> None:
    """Caption three sample photos and write a page that shows them."""
    from captioner.samples import sample_photos

    caption([str(photo) for photo in sample_photos()], output=[output], model=model, num_captions=3, show=True)
    print(f"open {output.resolve()}")


def _open_writers(stack: ExitStack, outputs: Sequence[Path], files: Sequence[Path], sidecar: bool) -> "list[Writer]":
    from captioner.outputs import SidecarWriter, open_writer

    writers: list[Writer] = [stack.enter_context(open_writer(path)) for path in outputs]
    return [*writers, stack.enter_context(SidecarWriter(files))] if sidecar else writers


def _attention_writer(folder: Path | None, files: Sequence[Path]) -> "AttentionWriter | None":
    from captioner.outputs import AttentionWriter

    return None if folder is None else AttentionWriter(folder, files)


def _captioned(
    captioner: "Captioner", files: Sequence[Path], search: SearchConfig, batch_size: int, hidden: bool
) -> Iterator["Captioned"]:
    from captioner.folder import caption_files
    from captioner.progress import progress

    with progress("captions", len(files), "photos", hidden=hidden) as advance:
        for done in caption_files(captioner, files, search, batch_size):
            yield done
            advance()


def _show(done: "Captioned", to_terminal: bool) -> None:
    record = done.record
    if record.error is not None:
        print(f"{record.file}: {record.error.message}", file=sys.stderr)
    elif to_terminal:
        for candidate in record.candidates:
            print(f"{record.file}\t{candidate.caption}", flush=True)
