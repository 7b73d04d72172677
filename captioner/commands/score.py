"""`score` and `compare`: score captions of any system, and say which system is better."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from captioner.commands.options import AsJson, is_stream, read_once
from captioner.terminal import check_output, output_is_closed, print_note, print_notes, print_text

References = Annotated[
    list[Path],
    typer.Option(
        help="COCO or Karpathy JSON, CSV, metadata.jsonl or token.txt; or plain lines (repeat for"
        " more files). - is standard input."
    ),
]
Plain = Annotated[
    bool,
    typer.Option(
        "--plain", help="The lines of all files are captions, also where they look like a table."
    ),
]
Partial = Annotated[
    bool,
    typer.Option(
        "--partial", help="Score those items alone that have a caption, and say how many have none."
    ),
]
Split = Annotated[
    str | None,
    typer.Option(
        help="A file that lists photos, or train, val, test or a domain of nocaps where the "
        "references say it."
    ),
]
Metrics = Annotated[
    str,
    typer.Option(
        help="Some of bleu, rouge, cider, sacrebleu, chrf, ter, wer, cer, meteor, spice; with"
        " commas."
    ),
]
DEFAULT_METRICS = "bleu,rouge,cider"


Hypotheses = Annotated[
    Path,
    typer.Option(
        help="COCO results, JSON lines or CSV as `caption` writes them, or plain lines. - is"
        " standard input."
    ),
]
Training = Annotated[
    list[Path] | None,
    typer.Option(
        help="Captions that the system learnt from, or others by people: how many of its own are"
        " new, and in how many does a thing do what none does there? (repeat for more files)"
    ),
]
MaxLength = Annotated[
    int | None,
    typer.Option(
        min=1, help="The most words that the system could write; how many captions are so long?"
    ),
]
ReportPage = Annotated[Path | None, typer.Option(help="Write a page of all items, worst first.")]
Images = Annotated[Path | None, typer.Option(help="Folder of the photos, for the page.")]


def score(
    hypotheses: Hypotheses,
    references: References,
    split: Split = None,
    plain: Plain = False,
    partial: Partial = False,
    metrics: Metrics = DEFAULT_METRICS,
    training: Training = None,
    max_length: MaxLength = None,
    as_json: AsJson = False,
    report: ReportPage = None,
    images: Images = None,
) -> None:
    """Score any system's captions as coco-caption does, with intervals.

    The photos are not needed.
    """
    from captioner.evaluation.offline.card import CardScorer, describe, parse_metrics
    from captioner.evaluation.offline.hypotheses import read_hypotheses
    from captioner.evaluation.offline.page import write_score_page
    from captioner.evaluation.offline.references import read_references, read_training_captions

    check_told(report)
    read_once([hypotheses, *references, *(training or [])])
    families = parse_metrics(metrics)
    known = read_references(references, split, images, plain=plain)
    captions = read_hypotheses(hypotheses, known, plain=plain, partial=partial)
    learnt = read_training_captions(training) if training else None
    scorer = CardScorer(
        known.only(captions), families, num_missing=len(known.texts) - len(captions)
    )
    card = scorer.score(captions, learnt, max_length)
    if report is not None:
        write_score_page(report, card, captions, known, photos=images is not None)
    print_scores(describe(card), card.to_dict() if as_json else None, card.notices, output=report)


def compare(
    hypotheses: Annotated[
        list[Path],
        typer.Argument(help="Two files or more, as for `score`; the first is the baseline."),
    ],
    references: References,
    split: Split = None,
    plain: Plain = False,
    partial: Partial = False,
    metrics: Metrics = DEFAULT_METRICS,
    as_json: AsJson = False,
) -> None:
    """Say which of several systems is better than the first, and whether that may be luck."""
    from captioner.evaluation.offline.card import parse_metrics
    from captioner.evaluation.offline.comparison import compare_files, describe_comparison

    check_told()
    read_once([*hypotheses, *references])
    families = parse_metrics(metrics)
    cards, verdicts = compare_files(
        hypotheses, references, split, families, plain=plain, partial=partial
    )
    systems = {system: card.to_dict() for system, card in cards.items()}
    as_dict = {"systems": systems, "comparisons": [verdict.to_dict() for verdict in verdicts]}
    notices = dict.fromkeys(notice for card in cards.values() for notice in card.notices)
    print_scores(describe_comparison(cards, verdicts), as_dict if as_json else None, notices)


def print_scores(
    lines: Iterable[str],
    as_dict: dict[str, Any] | None,
    notices: Iterable[str] = (),
    *,
    output: Path | None = None,
) -> None:
    """Print lines, or one JSON object; what could not be scored goes to standard error either way.

    Args:
        lines: The scores as text.
        as_dict: The scores as a JSON object, or None to print the lines.
        notices: What could not be scored.
        output: Where other results are written. If it is standard output, the scores go to standard
            error; if it is a file and standard output is closed, the scores are not printed.
    """
    for notice in notices:
        print_note(f"captioner: {notice}")
    if output is not None and not is_stream(output) and output_is_closed():
        return
    for line in lines if as_dict is None else [json.dumps(as_dict, ensure_ascii=False)]:
        (print_notes if is_stream(output) else print_text)(line)


def check_told(*outputs: Path | None) -> None:
    """Check, before the work, that scores can be printed if no output is written.

    Raises:
        UsageError: Standard output is closed, and there is no other output.
    """
    if not any(outputs):
        check_output()
