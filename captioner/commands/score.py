"""`score` and `compare`: how good the captions of any system are, and which of several systems is better."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from captioner.commands.options import AsJson
from captioner.terminal import print_note, print_text

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
    print_scores(describe(card), card.to_dict() if as_json else None, card.notices)


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
    print_scores(describe_comparison(cards, verdicts), as_dict if as_json else None, notices)


def print_scores(lines: Iterable[str], as_dict: dict[str, Any] | None, notices: Iterable[str] = ()) -> None:
    """Print lines, or one JSON object; what could not be scored goes to standard error either way."""
    for notice in notices:
        print_note(f"captioner: {notice}")
    for line in lines if as_dict is None else [json.dumps(as_dict, ensure_ascii=False)]:
        print_text(line)
