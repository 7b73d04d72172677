"""Writes a system's scores as one HTML page: the scores, then all items, worst first."""

from collections.abc import Mapping
from pathlib import Path

from captioner.evaluation.offline.card import (
    LOWER_IS_BETTER,
    ScoreCard,
    describe_diversity,
    describe_signatures,
)
from captioner.evaluation.offline.references import ItemId, References
from captioner.outputs.disk import written_whole
from captioner.outputs.page import file_name, page_foot, page_head, picture, shown
from captioner.progress import progress

THUMBNAIL_PIXELS = 360  # of the longer side; some 20 kB each
STYLE, SCRIPT = (
    (Path(__file__).parent / name).read_text(encoding="utf-8") for name in ("page.css", "page.js")
)
_ON_CARDS = 4
# Of the scores of an item, so that they fit on a line of a phone.


def write_score_page(
    path: Path,
    card: ScoreCard,
    hypotheses: Mapping[ItemId, str],
    references: References,
    *,
    photos: bool,
) -> None:
    """Write the page; only one photo at a time is in memory.

    Args:
        path: An `.html` file.
        card: The scores.
        hypotheses: The captions that were scored.
        references: What they were scored against.
        photos: Whether to show photos, which must then lie where `references` say; one that does
            not is said to.

    Raises:
        UsageError: The file cannot be opened.
        OutputError: It cannot be written.
    """
    with written_whole(path) as stream, progress("page", card.report.num_items, "items") as advance:
        stream.write(page_head("Scores", STYLE, SCRIPT) + _summary(card) + "<main>\n")
        for row in card.worst_first:
            stream.write(_item(card, row, hypotheses[card.report.ids[row]], references, photos))
            advance()
        stream.write("</main>\n" + page_foot(f"{card.scored}, worst {card.leading} first.", SCRIPT))


def score_rows(card: ScoreCard) -> str:
    """Return a row of a table for each score, with its interval."""
    rows = []
    for name, value in card.report.scores.items():
        interval = card.intervals[name]
        note = " <small>lower is better</small>" if name in LOWER_IS_BETTER else ""
        rows.append(
            f'<tr><th scope="row">{name}{note}</th><td>{value:.2f}</td>'
            f"<td>{interval.low:.2f} to {interval.high:.2f}</td></tr>\n"
        )
    return "".join(rows)


def score_facts(card: ScoreCard) -> str:
    """Return what else is said of the captions and the scores, a line each."""
    facts = [*describe_diversity(card.diversity), *describe_signatures(card), *card.notices]
    return "<br>".join(map(shown, facts))


def _summary(card: ScoreCard) -> str:
    head = (
        '<tr><th scope="col"></th><th scope="col">score</th><th scope="col">95 % interval</th></tr>'
    )
    num_items = card.report.num_items
    return (
        f'<table class="scores"><thead>{head}</thead><tbody>\n{score_rows(card)}</tbody></table>\n'
        f'<p class="facts">{score_facts(card)}</p>\n'
        '<search><input type="search" placeholder="Search captions and names" aria-label="Search'
        ' captions and names">'
        f"<output>{num_items} of {num_items}</output></search>\n"
    )


def _item(card: ScoreCard, row: int, hypothesis: str, references: References, photos: bool) -> str:
    item = card.report.ids[row]
    photo = references.photos.get(item)
    image = picture(photo, hypothesis, THUMBNAIL_PIXELS) if photos and photo is not None else ""
    others = [
        name
        for name in card.report.scores
        if name != card.leading and name not in ("BLEU-1", "BLEU-2", "BLEU-3")
    ]
    values = [
        f"{name} {card.report.per_image[name][row]:.1f}"
        for name in (card.leading, *others[: _ON_CARDS - 1])
    ]
    texts = "".join(f'<li dir="auto">{shown(text)}</li>' for text in references.texts[item])
    name = file_name(str(photo)) if photo is not None else f'<p class="name">line {item}</p>'
    return (
        f'<article>{image}<div><h2 dir="auto">{shown(hypothesis) or "&nbsp;"}</h2>'
        f'<p class="score"><b>{values[0]}</b>{"".join(f" · {value}" for value in values[1:])}</p>'
        f'<ul class="references">{texts}</ul>{name}</div></article>\n'
    )
