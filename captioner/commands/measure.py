"""`evaluate`, `score` and `compare`: how good a model or any system is, and which of several is better."""

import json
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from captioner.commands.options import AsJson, BatchSize, BeamSize, Device, given, load_model, load_recognizer
from captioner.errors import UsageError

if TYPE_CHECKING:
    from captioner.metrics import Report
    from captioner.pipeline import ActionRecognizer, Captioner

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
    str, typer.Option(help="Some of bleu, rouge, cider, sacrebleu, chrf, ter, wer, cer, meteor, spice; with commas.")
]
DEFAULT_METRICS = "bleu,rouge,cider"


def evaluate(
    references: Annotated[
        list[Path] | None,
        typer.Option(
            help="Captions: CSV, token.txt, COCO or Karpathy JSON, or metadata.jsonl; of clips, JSON as of MSR-VTT or "
            "MSVD. Translations: a text file, line by line with the source (repeat for more references)."
        ),
    ] = None,
    images: Annotated[Path | None, typer.Option(help="Folder of the photos.")] = None,
    source: Annotated[Path | None, typer.Option(help="Sentences to translate, one a line.")] = None,
    recordings: Annotated[
        Path | None,
        typer.Option(
            help="Speech with its texts: LibriSpeech's layout, spoken digits, or a CSV or JSON lines manifest."
        ),
    ] = None,
    videos: Annotated[
        Path | None, typer.Option(help="Clips: in folders by class, or any, where the references have their captions.")
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            help="A file that lists photos or clips, or train, val or test where the captions say it (then test is the "
            "default)."
        ),
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="As for `caption`, `translate`, `transcribe` and `recognize`.")
    ] = None,
    beam_size: BeamSize = None,
    batch_size: BatchSize = 16,
    output: Annotated[
        Path | None,
        typer.Option(help="Write the captions as COCO results, the translations as lines, the transcripts as .jsonl."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
    confusions: Annotated[Path | None, typer.Option(help="Draw which action was taken for which, as .png.")] = None,
    device: Device = "auto",
) -> None:
    """Measure a model: captions by CIDEr and BLEU, translations by BLEU, speech by WER, actions by accuracy."""
    if sum(one is not None for one in (images, source, recordings, videos)) != 1:
        raise UsageError(
            "evaluate: give --images for captions, or --source for translations, or --recordings for transcripts, or "
            "--videos for actions"
        )
    if videos is None and (references is None) == (recordings is None):
        raise UsageError("evaluate: --references hold the texts of photos and sentences; recordings have theirs")
    are_actions = videos is not None and references is None
    if confusions is not None and not are_actions:
        raise UsageError("--confusions: they are of actions; add --videos, without --references")
    if split is not None and images is None and videos is None:
        raise UsageError("--split: it chooses photos or clips; give --source or --recordings the part that is meant")
    if beam_size is not None and are_actions:
        raise UsageError("--beam-size: actions are named without a search; leave it out")
    if videos is not None and references is None:
        _measure_actions(videos, split, model or ["actions"], output, confusions, as_json, device)
        return
    if recordings is not None:
        _measure_transcripts(recordings, model, beam_size, output, as_json, device)
        return
    references = references or []
    if source is not None:
        report = _measured_translations(source, references, model, beam_size, output, device)
    elif len(references) == 1 and (folder := images or videos) is not None:
        report = _measured_captions(
            folder, references[0], split, model, beam_size, batch_size, output, device, are_clips=videos is not None
        )
    else:
        raise UsageError("evaluate: one file holds all references of the photos or clips")
    table, as_dict = [f"{name:8} {value:6.2f}" for name, value in report.scores.items()], report.to_dict()
    if source is None:
        table.append(f"{report.num_images} {'photos' if videos is None else 'clips'}, {report.signature}")
    else:
        table += [f"{report.num_images} sentences", *report.signature.split("; ")]
        as_dict["num_sentences"] = as_dict.pop("num_images")
    _print_scores(table, as_dict if as_json else None, notices=[])


def _measured_captions(
    folder: Path,
    references: Path,
    split: str | None,
    model: list[str] | None,
    beam_size: int | None,
    batch_size: int,
    output: Path | None,
    device: str,
    are_clips: bool,
) -> "Report":
    from captioner.evaluation.captions import coco_results, read_clip_examples, read_examples
    from captioner.evaluation.captions import evaluate as measure

    if are_clips and model is None:
        raise UsageError("evaluate: no model of video captions ships: name one by --model")
    examples = (read_clip_examples if are_clips else read_examples)(folder, references, split)
    captioner: Captioner | ActionRecognizer = (
        load_recognizer(model, device) if are_clips and model else load_model(model or ["flickr8k"], device)
    )
    search = captioner.options(**given(beam_size=beam_size))
    with ExitStack() as stack:
        results = stack.enter_context(coco_results(output)) if output is not None else None
        report, captions = measure(captioner, examples, search, batch_size)
        if results is not None:
            results.update(captions)
    return report


def _measured_translations(
    source: Path,
    references: list[Path],
    model: list[str] | None,
    beam_size: int | None,
    output: Path | None,
    device: str,
) -> "Report":
    from captioner.evaluation.translations import evaluate_translations, read_test_set
    from captioner.outputs.disk import written_whole
    from captioner.outputs.translations import text_line
    from captioner.pipeline import load_translator

    sentences, known = read_test_set(source, references)
    translator = load_translator(model or ["multi30k-en-de"], device)
    search = translator.options(**given(beam_size=beam_size))
    with ExitStack() as stack:
        stream = stack.enter_context(written_whole(output)) if output is not None else None
        report, texts = evaluate_translations(translator, sentences, known, search)
        if stream is not None:
            stream.writelines(f"{text_line([text])}\n" for text in texts)
    return report


def _measure_transcripts(
    recordings: Path, model: list[str] | None, beam_size: int | None, output: Path | None, as_json: bool, device: str
) -> None:
    """Print the error rates of a model of speech, with their intervals."""
    from captioner.data.utterances import read_utterances
    from captioner.evaluation.transcripts import evaluate_transcripts
    from captioner.metrics.significance import confidence_intervals
    from captioner.outputs import check_outputs, open_writer
    from captioner.pipeline import load_transcriber

    utterances = read_utterances(recordings)
    check_outputs([output] if output else [], [one.audio for one in utterances], "text")
    transcriber = load_transcriber(model or ["digits"], device)
    search = transcriber.options(**given(beam_size=beam_size))
    report, records = evaluate_transcripts(transcriber, utterances, search)
    if output is not None:
        with open_writer(output, text_field="text") as writer:
            for record in records:
                writer.write(record)
    intervals = confidence_intervals(report)
    table = [
        f"{name:4} {report.scores[name]:6.2f}   95 % interval {interval.low:6.2f} to {interval.high:6.2f}"
        for name, interval in intervals.items()
    ]
    as_dict = report.to_dict() | {"intervals": {name: asdict(interval) for name, interval in intervals.items()}}
    as_dict["num_recordings"] = as_dict.pop("num_images")
    lines = [*table, f"{report.num_images} recordings", *report.signature.split("; ")]
    _print_scores(lines, as_dict if as_json else None, notices=[])


def _measure_actions(
    videos: Path,
    split: str | None,
    model: list[str],
    output: Path | None,
    confusions: Path | None,
    as_json: bool,
    device: str,
) -> None:
    """Print how often a model names the right action, and what it takes for what."""
    from captioner.data.clips import in_list, read_clips
    from captioner.evaluation.actions import evaluate_actions
    from captioner.metrics.accuracy import ACCURACY
    from captioner.metrics.accuracy import confusions as count
    from captioner.outputs import check_outputs, open_writer
    from captioner.outputs.confusion import draw_confusions
    from captioner.outputs.disk import check_place

    examples = read_clips(videos)
    examples = in_list(examples, Path(split)) if split else examples
    check_outputs([output] if output else [], [*videos.iterdir()], "label")
    if confusions is not None:
        check_place(confusions)
    found = evaluate_actions(load_recognizer(model, device), examples)
    if output is not None:
        with open_writer(output, text_field="label") as writer:
            for record in found.records:
                writer.write(record)
    if confusions is not None:
        draw_confusions(confusions, *count(found.truth, found.named))
    interval, scores = found.interval, {**found.report.scores, f"top-{found.k} accuracy": found.top_k}
    lines = [f"{name:19} {value:6.2f}" for name, value in scores.items()]
    lines[0] += f"   95 % interval {interval.low:6.2f} to {interval.high:6.2f}"
    as_dict = found.report.to_dict() | {"scores": scores, "intervals": {ACCURACY: asdict(interval)}}
    as_dict["num_clips"] = as_dict.pop("num_images")
    _print_scores([*lines, f"{len(found.truth)} clips, {found.report.signature}"], as_dict if as_json else None, [])


def score(
    hypotheses: Annotated[
        Path, typer.Option(help="COCO results, JSON lines or CSV as `caption` writes them, or plain lines.")
    ],
    references: References,
    split: Split = None,
    metrics: Metrics = DEFAULT_METRICS,
    training: Annotated[
        list[Path] | None,
        typer.Option(
            help="Captions that the system learnt from, or others by people: how many of its own are new, and in how "
            "many does a thing do what none does there? (repeat for more files)"
        ),
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
    from captioner.evaluation.offline.card import CardScorer, describe, parse_metrics
    from captioner.evaluation.offline.hypotheses import read_hypotheses
    from captioner.evaluation.offline.page import write_score_page
    from captioner.evaluation.offline.references import read_references, read_training_captions

    families, known = parse_metrics(metrics), read_references(references, split, images)
    captions = read_hypotheses(hypotheses, known)
    learnt = read_training_captions(training) if training else None
    card = CardScorer(known, families).score(captions, learnt, max_length)
    if report is not None:
        write_score_page(report, card, captions, known, photos=images is not None)
    _print_scores(describe(card), card.to_dict() if as_json else None, card.notices)


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
    from captioner.evaluation.offline.card import parse_metrics
    from captioner.evaluation.offline.comparison import compare_files, describe_comparison

    families = parse_metrics(metrics)
    cards, verdicts = compare_files(hypotheses, references, split, families)
    systems = {system: card.to_dict() for system, card in cards.items()}
    as_dict = {"systems": systems, "comparisons": [verdict.to_dict() for verdict in verdicts]}
    notices = dict.fromkeys(notice for card in cards.values() for notice in card.notices)
    _print_scores(describe_comparison(cards, verdicts), as_dict if as_json else None, notices)


def _print_scores(lines: Iterable[str], as_dict: dict[str, Any] | None, notices: Iterable[str]) -> None:
    """Print lines, or one JSON object; what could not be scored goes to standard error either way."""
    for notice in notices:
        print(f"captioner: {notice}", file=sys.stderr)
    for line in lines if as_dict is None else [json.dumps(as_dict, ensure_ascii=False)]:
        print(line)
