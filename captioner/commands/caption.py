"""`caption` and `demo`: caption photos, on the terminal or into files."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from captioner.commands.backend import Backend
from captioner.commands.many_files import Resume, destinations, nothing_to_do, work_through
from captioner.commands.options import BeamSize, Device, Model, Models, describe, given
from captioner.errors import UsageError
from captioner.terminal import print_told

if TYPE_CHECKING:
    from captioner.batch import Destinations, FileResult
    from captioner.outputs.sidecar import Existing


Paths = Annotated[
    list[str],
    typer.Argument(
        help="Photos, or clips for a model of video captions; folders (searched recursively),"
        " globs, addresses; - is standard input."
    ),
]
Output = Annotated[
    list[Path] | None,
    typer.Option(
        help="Write .jsonl, .csv, .parquet, COCO results .json, an .html page, or the"
        " metadata.jsonl of a Hugging Face image folder; - prints JSON lines. May be repeated."
    ),
]
NumCaptions = Annotated[int, typer.Option(min=1, help=describe("num_captions"))]
MaxLength = Annotated[int | None, typer.Option(min=1, help=describe("max_length"))]
Sample = Annotated[bool, typer.Option("--sample", help=describe("sample"))]
Temperature = Annotated[float | None, typer.Option(help=describe("temperature"))]
Seed = Annotated[
    int | None, typer.Option(help=describe("seed") + " The same seed gives the same captions.")
]
Begin = Annotated[str | None, typer.Option(help=describe("begin"))]
Hint = Annotated[
    str | None,
    typer.Option(help="Words with commas between them. " + describe("hint").replace("\n", " ")),
]
Require = Annotated[
    list[str] | None,
    typer.Option(help="A word that each caption has, in the singular or plural; may be repeated."),
]
Forbid = Annotated[
    list[str] | None,
    typer.Option(help="A word that no caption has, nor its plural or singular; may be repeated."),
]
Concepts = Annotated[int, typer.Option(min=0, help=describe("concepts"))]
Language = Annotated[
    str,
    typer.Option(help="The language of the captions: en, de or fr. Others than en are translated."),
]
Sentence = Annotated[bool, typer.Option("--sentence", help=describe("sentence"))]
BatchSize = Annotated[
    int | None,
    typer.Option(min=1, help="Photos in one pass of the model. Default: found by itself."),
]
Sidecar = Annotated[bool, typer.Option("--sidecar", help="Write a .txt beside each photo.")]
ExistingSidecar = Annotated[
    Literal["skip", "overwrite", "append", "prepend"],
    typer.Option(
        help="Where a sidecar is there: leave its photo out, or replace, lengthen or precede its"
        " text."
    ),
]
Trigger = Annotated[
    str, typer.Option(help="Word that stands first in sidecars and metadata.jsonl, with a comma.")
]
Prefix = Annotated[
    str, typer.Option(help="Text before the caption there, with the space that it needs.")
]
Suffix = Annotated[str, typer.Option(help="Text behind the caption there.")]
Template = Annotated[
    str,
    typer.Option(
        help="The text between them: {caption}, {name} of the photo without suffix, {n} its number."
    ),
]
Explain = Annotated[
    Path | None,
    typer.Option(help="Folder for one PNG a photo: where the decoder looked at each word."),
]
Show = Annotated[
    bool, typer.Option("--show", help="Print captions also where they are written to files.")
]
EngineName = Annotated[
    Literal["auto", "torch", "onnx", "openvino", "ray"],
    typer.Option(
        help="What runs the model: torch, ONNX Runtime (faster on a CPU), OpenVINO (faster still on"
        " one with bfloat16), or a Ray cluster."
    ),
]
RayAddress = Annotated[
    str | None, typer.Option(help="Address of the Ray cluster. Default: this machine alone.")
]


def caption(
    paths: Paths,
    output: Output = None,
    resume: Resume = False,
    model: Models = ["everyday"],  # noqa: B006 (nobody changes it)
    beam_size: BeamSize = None,
    num_captions: NumCaptions = 1,
    max_length: MaxLength = None,
    sample: Sample = False,
    temperature: Temperature = None,
    seed: Seed = None,
    begin: Begin = None,
    hint: Hint = None,
    require: Require = None,
    forbid: Forbid = None,
    concepts: Concepts = 0,
    language: Language = "",
    sentence: Sentence = False,
    batch_size: BatchSize = None,
    sidecar: Sidecar = False,
    existing: ExistingSidecar = "overwrite",
    trigger: Trigger = "",
    prefix: Prefix = "",
    suffix: Suffix = "",
    template: Template = "{caption}",
    explain: Explain = None,
    show: Show = False,
    device: Device = "auto",
    engine: EngineName = "auto",
    ray_address: RayAddress = None,
) -> None:
    """Caption photos: one line each, or into files.

    Exit status: 0 all captioned, 1 some failed, 2 wrong use.
    """
    from captioner.batch import Labels, Run, find_clips, find_photos
    from captioner.pretrained.registry import model_kind

    is_video = model_kind(model[0]) == "video"
    found = find_clips(paths) if is_video else find_photos(paths)
    text = {"template": template, "prefix": prefix, "suffix": suffix, "trigger": trigger}
    to = _destinations(found.files, output, text, sidecar, existing, explain)
    run = Run(found.files, to, resume, Labels("clips" if is_video else "photos"))
    if nothing_to_do(run):
        return
    if is_video and (language or sentence):
        raise UsageError("--language, --sentence: they are for captions of photos; leave them out")
    backend = Backend(model, device, engine, ray_address, is_video)
    backend.check(run)
    captioner = backend.load(len(run.files))
    changes: dict[str, Any] = {"beam_size": beam_size, "max_length": max_length}
    changes |= {"temperature": temperature, "seed": seed, "begin": begin}
    changes |= {
        "required_words": require,
        "banned_words": forbid,
        "hint": None if hint is None else _words(hint),
    }
    search = captioner.options(
        **given(**changes, language=language or None, sentence=sentence or None),
        num_captions=num_captions,
        sample=sample,
        concepts=concepts,
    )
    settings = {"model": captioner.name, "search": search.model_dump()}
    rows = _rows if show or not to.are_kept else None
    work_through(run, found, backend.batches(captioner, search, batch_size), settings, rows)


def demo(
    output: Annotated[Path, typer.Option(help="The page that is written.")] = Path(
        "captioner-demo.html"
    ),
    model: Model = "everyday",
) -> None:
    """Caption three sample photos and write a page that shows them."""
    from captioner.batch import caption_files
    from captioner.outputs import open_writer
    from captioner.pipeline import load_captioner
    from captioner.pretrained.samples import sample_photos

    captioner = load_captioner(model)
    with open_writer(output) as page:
        for done in caption_files(captioner, sample_photos(), captioner.options(num_captions=3)):
            for fields in _rows(done):
                print_told(*fields)
            page.write(done.record)
    print_told(f"open {output.resolve()}")


def _words(hint: str) -> list[str]:
    """Split a hint at its commas; one without words is kept, so that an error can name it."""
    return [word for part in hint.split(",") if (word := part.strip())] or [hint]


def _destinations(
    files: Sequence[str | Path],
    outputs: Sequence[Path] | None,
    text: dict[str, str],
    sidecar: bool,
    existing: "Existing",
    explain: Path | None,
) -> "Destinations":
    from captioner.outputs import AttentionWriter, CaptionText, SidecarWriter
    from captioner.preprocess.fetching import is_elsewhere

    if not sidecar and existing != "overwrite":
        raise UsageError(f"--existing {existing} needs sidecars: add --sidecar")
    if sidecar and (nowhere := next(filter(is_elsewhere, files), None)) is not None:
        raise UsageError(
            f"{nowhere} is not on this disk: leave --sidecar out, or save the photo first"
        )
    numbers = (
        {str(file): number for number, file in enumerate(files, 1)}
        if "{n" in text["template"]
        else {}
    )
    caption_text = CaptionText(**text, numbers=numbers)
    if caption_text != CaptionText() and not (
        sidecar or any(path.name == "metadata.jsonl" for path in outputs or ())
    ):
        raise UsageError(
            "--trigger, --prefix, --suffix, --template: they are for sidecars and an image folder's"
            " metadata.jsonl; add --sidecar or --output metadata.jsonl"
        )
    return destinations(
        outputs,
        sidecars=SidecarWriter(files, existing, caption_text) if sidecar else None,
        attention=AttentionWriter(explain, files) if explain is not None else None,
        caption_text=caption_text,
    )


def _rows(done: "FileResult") -> list[tuple[str, ...]]:
    return [(done.record.file, candidate.caption) for candidate in done.record.candidates]
