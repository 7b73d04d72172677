"""`evaluate`: measures a model on labelled data, with a command for each task."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from captioner.commands.earlier import EvaluateGroup
from captioner.commands.options import (
    AsJson,
    BatchSize,
    BeamSize,
    Commands,
    Device,
    Models,
    given,
    read_once,
)
from captioner.commands.score import check_told, print_scores
from captioner.errors import UsageError

if TYPE_CHECKING:
    from captioner.config import SearchConfig
    from captioner.metrics import Report
    from captioner.outputs.record import Record, TextField
    from captioner.pipeline import ActionRecognizer, Captioner


app = Commands(
    name="evaluate",
    cls=EvaluateGroup,
    help="Measure a model on labelled data.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Split = Annotated[
    str | None,
    typer.Option(
        help="A file that lists what is measured, or train, val or test where the references have "
        "splits (then test is the default), or a domain of nocaps, such as out-domain."
    ),
]
CocoResults = Annotated[
    Path | None,
    typer.Option("--output", help="Write the captions as COCO results, to - as JSON lines."),
]

Resume = Annotated[
    bool, typer.Option("--resume", help="Continue an unfinished run of this --output, or begin.")
]


@app.command()
def captions(
    images: Annotated[Path, typer.Option(help="Folder of the photos.")],
    references: Annotated[
        list[Path],
        typer.Option(
            help="Their captions: CSV, token.txt, COCO or Karpathy JSON, or metadata.jsonl."
        ),
    ],
    split: Split = None,
    model: Models = ["everyday"],  # noqa: B006 (nobody changes it)
    language: Annotated[
        str, typer.Option(help="The language to caption in, that of the references: en, de or fr.")
    ] = "",
    beam_size: BeamSize = None,
    batch_size: BatchSize = 16,
    output: CocoResults = None,
    resume: Resume = False,
    as_json: AsJson = False,
    device: Device = "auto",
) -> None:
    """Score captions of photos by CIDEr, BLEU and ROUGE-L."""
    from captioner.evaluation.captions import read_examples
    from captioner.pipeline import load_captioner

    check_told(output)
    examples = read_examples(images, _single(references), split)
    captioner = load_captioner(model, device)
    search = captioner.options(**given(beam_size=beam_size, language=language or None))
    _score_captions(captioner, examples, search, batch_size, output, resume, "photos", as_json)


@app.command("video-captions")
def video_captions(
    videos: Annotated[Path, typer.Option(help="Folder of the clips.")],
    references: Annotated[
        list[Path], typer.Option(help="Their captions: JSON as of MSR-VTT or MSVD.")
    ],
    model: Models,
    split: Split = None,
    beam_size: BeamSize = None,
    batch_size: BatchSize = 16,
    output: CocoResults = None,
    resume: Resume = False,
    as_json: AsJson = False,
    device: Device = "auto",
) -> None:
    """Score captions of clips by CIDEr, BLEU and ROUGE-L; no model of such captions ships."""
    from captioner.evaluation.captions import read_clip_examples
    from captioner.pipeline import load_recognizer

    check_told(output)
    examples = read_clip_examples(videos, _single(references), split)
    recognizer = load_recognizer(model, device)
    search = recognizer.options(**given(beam_size=beam_size))
    _score_captions(recognizer, examples, search, batch_size, output, resume, "clips", as_json)


@app.command()
def translations(
    source: Annotated[Path, typer.Option(help="Sentences to translate, one a line.")],
    references: Annotated[
        list[Path],
        typer.Option(
            help="Translations, line by line with the source (repeat for more references)."
        ),
    ],
    model: Models = ["en-de-fr"],  # noqa: B006 (nobody changes it)
    target_language: Annotated[
        str | None, typer.Option("--to", help="The language to write, such as de.")
    ] = None,
    source_language: Annotated[
        str | None, typer.Option("--from", help="The language of the sentences.")
    ] = None,
    beam_size: BeamSize = None,
    output: Annotated[Path | None, typer.Option(help="Write the translations, one a line.")] = None,
    as_json: AsJson = False,
    device: Device = "auto",
) -> None:
    """Score translations by BLEU, chrF and TER."""
    from captioner.data.parallel_text import read_aligned
    from captioner.evaluation.translations import evaluate_translations
    from captioner.outputs.disk import written_whole
    from captioner.outputs.translations import text_line
    from captioner.pipeline import load_translator

    check_told(output)
    read_once([source, *references])
    sentences, *columns = read_aligned([source, *references])
    known = list(zip(*columns, strict=True))
    translator = load_translator(model, device)
    search = translator.options(**given(beam_size=beam_size))
    with ExitStack() as stack:
        stream = stack.enter_context(written_whole(output)) if output is not None else None
        direction = translator.direction(sentences, source_language, target_language)
        report, texts = evaluate_translations(translator, sentences, known, search, direction)
        if stream is not None:
            stream.writelines(f"{text_line([text])}\n" for text in texts)
    between = f" from {direction[0]} to {direction[1]}" if direction[1] else ""
    notes = [f"{report.num_items} sentences{between}", *report.signature.split("; ")]
    _print_report(report, notes, "sentences", as_json, output)


@app.command()
def transcripts(
    recordings: Annotated[
        Path,
        typer.Option(
            help="Speech with its texts: LibriSpeech's layout, spoken digits, or a CSV or JSON"
            " lines manifest."
        ),
    ],
    model: Models = ["digits"],  # noqa: B006 (nobody changes it)
    beam_size: BeamSize = None,
    output: Annotated[
        Path | None, typer.Option(help="Write the transcripts, as .jsonl, .csv or .txt.")
    ] = None,
    as_json: AsJson = False,
    device: Device = "auto",
) -> None:
    """Score transcripts by word and character error rate."""
    from captioner.data.utterances import read_utterances
    from captioner.evaluation.transcripts import evaluate_transcripts
    from captioner.metrics.significance import confidence_intervals
    from captioner.outputs import check_outputs
    from captioner.pipeline import load_transcriber

    check_told(output)
    utterances = read_utterances(recordings)
    check_outputs([output] if output else [], [one.audio for one in utterances], "text")
    transcriber = load_transcriber(model, device)
    search = transcriber.options(**given(beam_size=beam_size))
    report, records = evaluate_transcripts(transcriber, utterances, search)
    _write_records(output, records, "text")
    intervals = confidence_intervals(report)
    table = [
        f"{name:4} {report.scores[name]:6.2f}   95 % interval {interval.low:6.2f} to"
        f" {interval.high:6.2f}"
        for name, interval in intervals.items()
    ]
    as_dict = report.to_dict() | {
        "intervals": {name: asdict(interval) for name, interval in intervals.items()}
    }
    as_dict["num_recordings"] = as_dict.pop("num_items")
    lines = [*table, f"{report.num_items} recordings", *report.signature.split("; ")]
    print_scores(lines, as_dict if as_json else None, output=output)


@app.command()
def actions(
    videos: Annotated[Path, typer.Option(help="Clips, in folders by class.")],
    split: Annotated[
        Path | None, typer.Option(help="A file that lists the clips to measure.")
    ] = None,
    model: Models = ["actions"],  # noqa: B006 (nobody changes it)
    output: Annotated[
        Path | None, typer.Option(help="Write the labels, as .jsonl or .csv.")
    ] = None,
    as_json: AsJson = False,
    confusions: Annotated[
        Path | None, typer.Option(help="Draw which action was taken for which, as .png.")
    ] = None,
    device: Device = "auto",
) -> None:
    """Measure how often the right action is named, and what is taken for what."""
    from captioner.data.clips import in_list, read_clips
    from captioner.evaluation.actions import evaluate_actions
    from captioner.metrics.accuracy import ACCURACY
    from captioner.metrics.accuracy import confusions as count
    from captioner.outputs import check_outputs
    from captioner.outputs.confusion import draw_confusions
    from captioner.outputs.disk import check_place
    from captioner.pipeline import load_recognizer

    check_told(output, confusions)
    examples = read_clips(videos)
    examples = in_list(examples, split) if split else examples
    check_outputs([output] if output else [], [*videos.iterdir()], "label")
    if confusions is not None:
        check_place(confusions)
    recognition = evaluate_actions(load_recognizer(model, device), examples)
    _write_records(output, recognition.records, "label")
    if confusions is not None:
        draw_confusions(confusions, *count(recognition.truth, recognition.named))
    report, interval = recognition.report, recognition.interval
    scores = {**report.scores, f"top-{recognition.k} accuracy": recognition.top_k}
    lines = [f"{name:19} {value:6.2f}" for name, value in scores.items()]
    lines[0] += f"   95 % interval {interval.low:6.2f} to {interval.high:6.2f}"
    lines.append(f"{report.num_items} clips, {report.signature}")
    as_dict = report.to_dict() | {"scores": scores, "intervals": {ACCURACY: asdict(interval)}}
    as_dict["num_clips"] = as_dict.pop("num_items")
    print_scores(lines, as_dict if as_json else None, output=output)


def _single(references: Sequence[Path]) -> Path:
    """Return the one file of references; without a list, typer would silently take the last."""
    if len(references) != 1:
        raise UsageError("--references: one file holds all references of the photos or clips")
    return references[0]


def _score_captions(
    captioner: "Captioner | ActionRecognizer",
    examples: Sequence[Any],
    search: "SearchConfig",
    batch_size: int,
    output: Path | None,
    resume: bool,
    items: str,
    as_json: bool,
) -> None:
    """Caption examples, print the scores, and write the captions if there is an output."""
    from captioner.evaluation.captions import measure

    report = measure(captioner, examples, search, batch_size, output, resume)
    notes = [f"{report.num_items} {items}, {report.signature}"]
    _print_report(report, notes, "images", as_json, output)


def _write_records(
    output: Path | None, records: Sequence["Record"], text_field: "TextField"
) -> None:
    from captioner.outputs import open_writer

    if output is not None:
        with open_writer(output, text_field=text_field) as writer:
            for record in records:
                writer.write(record)


def _print_report(
    report: "Report", notes: Sequence[str], items: str, as_json: bool, output: Path | None
) -> None:
    """Print a table of scores with notes below, or one JSON object with the number of items."""
    as_dict = report.to_dict()
    as_dict[f"num_{items}"] = as_dict.pop("num_items")
    lines = [*(f"{name:8} {value:6.2f}" for name, value in report.scores.items()), *notes]
    print_scores(lines, as_dict if as_json else None, output=output)
