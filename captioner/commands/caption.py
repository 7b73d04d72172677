"""`caption` and `demo`: photos to captions, on the terminal or into files."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from captioner.commands.many_files import Resume, nothing_to_do, to_files, work_through
from captioner.commands.options import BeamSize, Device, Model, Models, describe, given, load_model, load_recognizer
from captioner.errors import UsageError
from captioner.terminal import print_row

if TYPE_CHECKING:
    from captioner.batch import Captioned, Destinations
    from captioner.outputs.sidecar import Existing
    from captioner.pipeline import ActionRecognizer, Captioner


def caption(
    paths: Annotated[
        list[str],
        typer.Argument(
            help="Photos, or clips for a model of video captions; folders (searched recursively), globs, addresses; -"
            " is standard input."
        ),
    ],
    output: Annotated[
        list[Path] | None,
        typer.Option(
            help="Write .jsonl, .csv, .parquet, COCO results .json, an .html page, or the metadata.jsonl of a Hugging"
            " Face image folder; - prints JSON lines. May be repeated."
        ),
    ] = None,
    resume: Resume = False,
    model: Models = ["everyday"],  # noqa: B006 (nobody changes it)
    beam_size: BeamSize = None,
    num_captions: Annotated[int, typer.Option(min=1, help=describe("num_captions"))] = 1,
    max_length: Annotated[int | None, typer.Option(min=1, help=describe("max_length"))] = None,
    sample: Annotated[bool, typer.Option("--sample", help=describe("sample"))] = False,
    temperature: Annotated[float | None, typer.Option(help=describe("temperature"))] = None,
    seed: Annotated[int | None, typer.Option(help=describe("seed") + " The same seed gives the same captions.")] = None,
    require: Annotated[
        list[str] | None, typer.Option(help="A word that each caption has, in the singular or plural; may be repeated.")
    ] = None,
    forbid: Annotated[
        list[str] | None, typer.Option(help="A word that no caption has, nor its plural or singular; may be repeated.")
    ] = None,
    concepts: Annotated[int, typer.Option(min=0, help=describe("concepts"))] = 0,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Photos in one pass of the model. Default: found by itself.")
    ] = None,
    sidecar: Annotated[bool, typer.Option("--sidecar", help="Write a .txt beside each photo.")] = False,
    existing: Annotated[
        Literal["skip", "overwrite", "append", "prepend"],
        typer.Option(help="Where a sidecar is there: leave its photo out, or replace, lengthen or precede its text."),
    ] = "overwrite",
    trigger: Annotated[
        str, typer.Option(help="Word that stands first in sidecars and metadata.jsonl, with a comma.")
    ] = "",
    prefix: Annotated[str, typer.Option(help="Text before the caption there, with the space that it needs.")] = "",
    suffix: Annotated[str, typer.Option(help="Text behind the caption there.")] = "",
    template: Annotated[
        str, typer.Option(help="The text between them: {caption}, {name} of the photo without suffix, {n} its number.")
    ] = "{caption}",
    explain: Annotated[
        Path | None, typer.Option(help="Folder for one PNG a photo: where the decoder looked at each word.")
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Print captions also where they are written to files.")] = False,
    device: Device = "auto",
    engine: Annotated[
        Literal["auto", "torch", "onnx", "ray"],
        typer.Option(help="What runs the model: torch, ONNX Runtime (faster on a CPU), or a Ray cluster."),
    ] = "auto",
    ray_address: Annotated[str | None, typer.Option(help="Of the Ray cluster; default: this machine alone.")] = None,
) -> None:
    """Caption photos: one line each, or into files. Exit status: 0 all captioned, 1 some failed, 2 wrong use."""
    from captioner.batch import Wording, caption_batches, find_clips, find_photos
    from captioner.pretrained.registry import model_kind

    watches = model_kind(model[0]) == "video"
    found = find_clips(paths) if watches else find_photos(paths)
    files = found.files
    text = {"template": template, "prefix": prefix, "suffix": suffix, "trigger": trigger}
    outputs = to_files(output or [])
    as_json = len(outputs) < len(output or [])
    to = _destinations(files, outputs, sidecar, existing, text, explain)
    if nothing_to_do(files, to, resume, as_json):
        return
    if ray_address is not None and engine != "ray":
        raise UsageError("--ray-address: it is about a Ray cluster; add --engine ray")
    if explain is not None and (engine == "ray" or model[0].startswith("hf:")):
        raise UsageError("--explain: only our own models, on this machine, tell where they looked")
    if watches and engine in ("onnx", "ray"):
        raise UsageError(f"--engine {engine}: clips are captioned by torch on this machine; leave --engine out")
    if engine == "ray" and "-" in files:
        raise UsageError("--engine ray: its workers have no standard input; give the photo a name")
    if len(model) > 1 and engine == "ray":
        raise UsageError("--engine ray: there each worker has one model; give one --model")
    if watches:
        captioner: Captioner | ActionRecognizer = load_recognizer(model, device)
    else:
        num_photos = 1 if engine == "ray" else len(files)
        captioner = load_model(model, device, "auto" if engine == "ray" else engine, num_photos)
    changes: dict[str, Any] = {"beam_size": beam_size, "max_length": max_length, "temperature": temperature}
    changes |= {"seed": seed, "required_words": require, "banned_words": forbid}
    search = captioner.options(**given(**changes), num_captions=num_captions, sample=sample, concepts=concepts)

    def run(todo: Sequence[str | Path], stop: Callable[[], bool]) -> "Iterator[Sequence[Captioned]]":
        if engine != "ray":
            return caption_batches(captioner, todo, search, batch_size, stop)
        from captioner.batch.ray_data import caption_on_ray

        return caption_on_ray(
            todo, stop, model=model[0], device=device, search=search, batch_size=batch_size, address=ray_address
        )

    work_through(
        run,
        found,
        to,
        {"model": captioner.name, "search": search.model_dump()},
        resume=resume,
        as_json=as_json,
        show=_show if show or not (outputs or sidecar) else None,
        wording=Wording("clips" if watches else "photos"),
    )


def demo(
    output: Annotated[Path, typer.Option(help="The page that is written.")] = Path("captioner-demo.html"),
    model: Model = "everyday",
) -> None:
    """Caption three sample photos and write a page that shows them."""
    from captioner.batch import caption_files
    from captioner.outputs import open_writer
    from captioner.pretrained.samples import sample_photos

    captioner = load_model(model, "auto")
    with open_writer(output) as page:
        for done in caption_files(captioner, sample_photos(), captioner.options(num_captions=3)):
            _show(done)
            page.write(done.record)
    print_row(f"open {output.resolve()}")


def _destinations(
    files: Sequence[str | Path],
    outputs: Sequence[Path],
    sidecar: bool,
    existing: "Existing",
    text: dict[str, str],
    explain: Path | None,
) -> "Destinations":
    from captioner.batch import Destinations
    from captioner.outputs import AttentionWriter, CaptionText, SidecarWriter
    from captioner.preprocess.fetching import is_elsewhere

    if not sidecar and existing != "overwrite":
        raise UsageError(f"--existing {existing}: it is about sidecars; add --sidecar")
    if sidecar and (nowhere := next(filter(is_elsewhere, files), None)) is not None:
        raise UsageError(f"{nowhere}: nothing lies beside it, so leave --sidecar out, or save the photo first")
    numbers = {str(file): number for number, file in enumerate(files, 1)} if "{n" in text["template"] else {}
    caption_text = CaptionText(**text, numbers=numbers)
    if caption_text != CaptionText() and not (sidecar or any(path.name == "metadata.jsonl" for path in outputs)):
        raise UsageError(
            "--trigger, --prefix, --suffix, --template: they are for sidecars and an image folder's "
            "metadata.jsonl; add --sidecar or --output metadata.jsonl"
        )
    return Destinations(
        outputs=outputs,
        sidecars=SidecarWriter(files, existing, caption_text) if sidecar else None,
        looks=AttentionWriter(explain, files) if explain is not None else None,
        caption_text=caption_text,
    )


def _show(done: "Captioned") -> None:
    for candidate in done.record.candidates:
        print_row(done.record.file, candidate.caption)
