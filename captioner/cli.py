"""The command line: parses, calls the pipeline, prints. Nothing heavy is imported before a command needs it."""

import io
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from captioner import __version__
from captioner.config import CONFIGS, SearchConfig, load_config
from captioner.errors import CaptionerError, ConfigError, MissingExtraError, UsageError

if TYPE_CHECKING:
    from captioner.folder import Captioned
    from captioner.outputs import AttentionWriter, Writer
    from captioner.pipeline import Captioner

app = typer.Typer(
    help="Captions photographs on a CPU: captions, measures and trains.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _doc(field: str) -> str:
    """Return the description of a search option, so that help and config cannot drift apart."""
    return SearchConfig.model_fields[field].description or ""


Model = Annotated[str, typer.Option(help="A model that `captioner models` lists, a folder, or a hub's owner/name.")]
BeamSize = Annotated[int | None, typer.Option(help=_doc("beam_size") + " Default: the model's own.")]
BatchSize = Annotated[int, typer.Option(min=1, help="Photos in one pass of the model.")]
Device = Annotated[str, typer.Option(help="cpu, cuda, mps, or auto for the fastest that is there.")]

References = Annotated[
    list[Path],
    typer.Option(
        help="COCO or Karpathy JSON, CSV, metadata.jsonl or token.txt; or plain lines (repeat for more files)."
    ),
]
Split = Annotated[
    str | None, typer.Option(help="A file that lists photos, or train, val or test where the references say it.")
]
Metrics = Annotated[
    str, typer.Option(help="Some of bleu, rouge, cider, chrf, ter, wer, cer, meteor, spice; with commas.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
DEFAULT_METRICS = "bleu,rouge,cider"


@app.callback(invoke_without_command=True)
def _main(
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    if version:
        print(__version__)
        raise typer.Exit


@app.command()
def caption(
    paths: Annotated[list[str], typer.Argument(help="Photos, folders (searched recursively) and globs.")],
    output: Annotated[
        list[Path] | None,
        typer.Option(help="Write .jsonl, .csv, COCO results .json or an .html page, by the suffix; may be repeated."),
    ] = None,
    model: Model = "flickr8k",
    beam_size: BeamSize = None,
    num_captions: Annotated[int, typer.Option(min=1, help=_doc("num_captions"))] = 1,
    max_length: Annotated[int | None, typer.Option(min=1, help=_doc("max_length"))] = None,
    sample: Annotated[bool, typer.Option("--sample", help=_doc("sample"))] = False,
    temperature: Annotated[float | None, typer.Option(help=_doc("temperature"))] = None,
    seed: Annotated[int | None, typer.Option(help=_doc("seed") + " The same seed gives the same captions.")] = None,
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
    captioner = _load(model, device)
    search = captioner.options(**_given(**changes))
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


@app.command()
def demo(
    output: Annotated[Path, typer.Option(help="The page that is written.")] = Path("captioner-demo.html"),
    model: Model = "flickr8k",
) -> None:
    """Caption three sample photos and write a page that shows them."""
    from captioner.samples import sample_photos

    caption([str(photo) for photo in sample_photos()], output=[output], model=model, num_captions=3, show=True)
    print(f"open {output.resolve()}")


@app.command()
def evaluate(
    images: Annotated[Path, typer.Option(help="Folder of the photos.")],
    references: Annotated[Path, typer.Option(help="CSV, token.txt, COCO or Karpathy JSON, or metadata.jsonl.")],
    split: Annotated[
        str | None,
        typer.Option(
            help="A file that lists photos, or train, val or test where the captions say it (then test is the default)."
        ),
    ] = None,
    model: Model = "flickr8k",
    beam_size: BeamSize = None,
    batch_size: BatchSize = 16,
    output: Annotated[Path | None, typer.Option(help="Write the captions as COCO results.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
    device: Device = "auto",
) -> None:
    """Measure a model: BLEU, ROUGE-L and CIDEr of its captions against people's."""
    from captioner.evaluation import coco_results, read_examples
    from captioner.evaluation import evaluate as measure

    examples = read_examples(images, references, split)
    captioner = _load(model, device)
    search = captioner.options(**_given(beam_size=beam_size))
    with ExitStack() as stack:
        results = stack.enter_context(coco_results(output)) if output is not None else None
        report, captions = measure(captioner, examples, search, batch_size)
        if results is not None:
            results.update(captions)
    table = [f"{name:8} {value:6.2f}" for name, value in report.scores.items()]
    table.append(f"{report.num_images} photos, {report.signature}")
    _print_scores(table, report.to_dict() if as_json else None, notices=[])


@app.command()
def score(
    hypotheses: Annotated[
        Path, typer.Option(help="COCO results, JSON lines or CSV as `caption` writes them, or plain lines.")
    ],
    references: References,
    split: Split = None,
    metrics: Metrics = DEFAULT_METRICS,
    training: Annotated[
        Path | None, typer.Option(help="Captions that the system learnt from; how many of its own are new?")
    ] = None,
    max_length: Annotated[
        int | None,
        typer.Option(min=1, help="The most words that the system could write; how many captions are so long?"),
    ] = None,
    as_json: AsJson = False,
    report: Annotated[Path | None, typer.Option(help="Write a page of all items, worst first.")] = None,
    images: Annotated[Path | None, typer.Option(help="Folder of the photos, for the page.")] = None,
) -> None:
    """Score any system's captions as coco-caption does, with intervals. The photos need not be there."""
    from captioner.scoring.card import CardScorer, describe, parse_metrics
    from captioner.scoring.hypotheses import read_hypotheses
    from captioner.scoring.page import write_score_page
    from captioner.scoring.references import read_references, read_training_captions

    families, known = parse_metrics(metrics), read_references(references, split, images)
    captions = read_hypotheses(hypotheses, known)
    learnt = read_training_captions(training) if training else None
    card = CardScorer(known, families).score(captions, learnt, max_length)
    if report is not None:
        write_score_page(report, card, captions, known, photos=images is not None)
    _print_scores(describe(card), card.to_dict() if as_json else None, card.notices)


@app.command()
def compare(
    hypotheses: Annotated[
        list[Path], typer.Argument(help="Two files or more, as for `score`; the first is the baseline.")
    ],
    references: References,
    split: Split = None,
    metrics: Metrics = DEFAULT_METRICS,
    as_json: AsJson = False,
) -> None:
    """Say which of several systems is better than the first, and whether that may be luck."""
    from captioner.scoring.card import parse_metrics
    from captioner.scoring.comparison import compare_files, describe_comparison

    families = parse_metrics(metrics)
    cards, verdicts = compare_files(hypotheses, references, split, families)
    systems = {system: card.to_dict() for system, card in cards.items()}
    as_dict = {"systems": systems, "comparisons": [verdict.to_dict() for verdict in verdicts]}
    notices = dict.fromkeys(notice for card in cards.values() for notice in card.notices)
    _print_scores(describe_comparison(cards, verdicts), as_dict if as_json else None, notices)


@app.command()
def train(
    config: Annotated[str, typer.Argument(help="A TOML file, or the name of a config that ships, such as flickr8k.")],
    overrides: Annotated[list[str] | None, typer.Argument(help="section.key=value, as often as needed.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the run's newest checkpoint, or begin if there is none.")
    ] = False,
) -> None:
    """Train a model on your own photos and captions; a killed run goes on with --resume."""
    shipped = CONFIGS / f"{config}.toml"
    settings = load_config(shipped if shipped.is_file() else config, overrides or [])
    try:
        from captioner.training import train as run
    except ModuleNotFoundError as error:
        raise MissingExtraError(error.name or "accelerate", "train") from error
    folder = run(settings, resume=resume)
    print(f"the best model is in {folder}: captioner caption PHOTO --model {folder}")


@app.command()
def models() -> None:
    """List the models that ship, with what their cards say."""
    from captioner.model_list import describe_models

    for line in describe_models():
        print(line)


def _print_scores(lines: Iterable[str], as_dict: dict[str, Any] | None, notices: Iterable[str]) -> None:
    """Print lines, or one JSON object; what could not be scored goes to standard error either way."""
    for notice in notices:
        print(f"captioner: {notice}", file=sys.stderr)
    for line in lines if as_dict is None else [json.dumps(as_dict, ensure_ascii=False)]:
        print(line)


def _given(**options: Any) -> dict[str, Any]:
    """Leave out what the user did not say."""
    return {name: value for name, value in options.items() if value is not None}


def _load(model: str, device: str) -> "Captioner":
    from captioner.pipeline import load

    return load(model, device)


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


def main() -> None:
    """Run the command line; every error that captioner knows becomes one line and an exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="surrogateescape")  # file names in any encoding are printed as they are
    try:
        app()
    except (UsageError, ConfigError) as error:
        _end(error, 2)
    except CaptionerError as error:
        _end(error, 1)
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _end(error: CaptionerError, status: int) -> None:
    print(f"captioner: {error}", file=sys.stderr)
    raise SystemExit(status)


if __name__ == "__main__":
    main()
