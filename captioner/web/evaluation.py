"""Scores uploaded results against uploaded references, and shows the scores as HTML."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from captioner.errors import InputError, UsageError
from captioner.outputs.page import shown
from captioner.web.caption_view import jpeg
from captioner.web.limits import Limits
from captioner.web.uploads import Upload, photos_in

if TYPE_CHECKING:
    from captioner.evaluation.offline.card import ScoreCard
    from captioner.evaluation.offline.comparison import Verdict
    from captioner.evaluation.offline.references import ItemId, References

WORST = 10
PHOTO_PIXELS = 320


@dataclass(frozen=True)
class Evaluation:
    """The scores of one or two results files.

    Attributes:
        cards: The scores of each file, by its name.
        verdicts: Comparisons of the second file with the first, one per score; empty for one file.
        references: The references that the files were scored against.
        captions: The captions of the first file.
        photos: Uploaded photos, by their names without folders.
        max_pixels: Larger photos are not shown.
    """

    cards: dict[str, "ScoreCard"]
    verdicts: list["Verdict"]
    references: "References"
    captions: dict["ItemId", str]
    photos: dict[str, Path]
    max_pixels: int

    def to_dict(self) -> dict[str, Any]:
        """Return scores, comparisons and the worst items, ready for JSON."""
        return {
            "systems": {name: card.to_dict() for name, card in self.cards.items()},
            "comparisons": [verdict.to_dict() for verdict in self.verdicts],
            "worst": [
                {
                    "item": item,
                    "caption": self.captions[item],
                    "references": list(self.references.texts[item]),
                }
                for item in self.worst()
            ],
        }

    def worst(self) -> list["ItemId"]:
        """Return the `WORST` items with the worst scores in the first file, worst first."""
        card = next(iter(self.cards.values()))
        return [card.report.ids[row] for row in card.worst_first[:WORST]]


@contextmanager
def evaluated(
    references: Sequence[Upload],
    results: Sequence[Upload],
    photos: Sequence[Upload],
    split: str,
    metrics: Sequence[str],
    limits: Limits,
) -> Iterator[Evaluation]:
    """Score uploaded files; photos unpacked from a ZIP exist only while the block runs.

    Raises:
        UsageError: A file is missing, or there are too many.
        CaptionerError: The files cannot be read, or do not fit together.
    """
    if not references or not 1 <= len(results) <= 2:
        raise UsageError("send the references, and one results file or two")
    from captioner.evaluation.offline.card import CardScorer, parse_metrics
    from captioner.evaluation.offline.comparison import compare_cards
    from captioner.evaluation.offline.hypotheses import read_hypotheses
    from captioner.evaluation.offline.references import read_references

    families = parse_metrics(",".join(metrics))
    with tempfile.TemporaryDirectory(prefix="captioner-scores-") as name:
        folder = Path(name)
        known = read_references(_placed(references, folder / "references"), split.strip() or None)
        files = _placed(results, folder / "results")
        scorer = CardScorer(known, families)
        captions = [read_hypotheses(file, known) for file in files]
        cards = {
            file.name: scorer.score(texts) for file, texts in zip(files, captions, strict=True)
        }
        verdicts = compare_cards(cards) if len(cards) == 2 else []
        (folder / "photos").mkdir()
        most = replace(limits, files=10 * limits.files)
        found = photos_in(photos, folder / "photos", most) if photos else []
        by_name = {photo.name.rpartition("/")[2]: photo.path for photo in found}
        yield Evaluation(cards, verdicts, known, captions[0], by_name, limits.pixels)


def _placed(files: Sequence[Upload], folder: Path) -> list[Path]:
    """Copy files under their original names, which messages show; repeated names are numbered."""
    folder.mkdir()
    placed = []
    for number, file in enumerate(files, start=1):
        path = folder / file.name.replace("/", "_")
        path = path.with_name(f"{number} {path.name}") if path.exists() else path
        shutil.copyfile(file.path, path)
        placed.append(path)
    return placed


def evaluation_view(evaluation: Evaluation) -> str:
    """Return an evaluation as HTML."""
    parts = [_table(name, card) for name, card in evaluation.cards.items()]
    if evaluation.verdicts:
        lines = "".join(f"<li>{shown(str(verdict))}</li>" for verdict in evaluation.verdicts)
        parts.append(f'<h3>Which is better</h3><ul class="verdicts">{lines}</ul>')
    first = next(iter(evaluation.cards.values()))
    items = "".join(_item(evaluation, first, item) for item in evaluation.worst())
    parts.append(f'<h3>The worst by {shown(first.leading)}</h3><div class="worst">{items}</div>')
    return f'<section class="evaluation" aria-label="Scores">{"".join(parts)}</section>'


def _table(name: str, card: "ScoreCard") -> str:
    from captioner.evaluation.offline.page import score_facts, score_rows

    return (
        f'<table class="scores"><caption>{shown(name)}, {card.report.num_items}'
        " items</caption><thead><tr>"
        '<th scope="col">Score</th><th scope="col">Value</th><th scope="col">95 %'
        " interval</th></tr></thead>"
        f'<tbody>{score_rows(card)}</tbody></table><p class="quiet">{score_facts(card)}</p>'
    )


def _item(evaluation: Evaluation, card: "ScoreCard", item: "ItemId") -> str:
    caption, texts = evaluation.captions[item], evaluation.references.texts[item]
    name = str(
        evaluation.references.photos[item].name if item in evaluation.references.photos else item
    )
    photo = evaluation.photos.get(name)
    image = _picture(photo, caption, evaluation.max_pixels) if photo is not None else ""
    value = card.report.per_image[card.leading][card.report.ids.index(item)]
    others = "".join(f'<li dir="auto">{shown(text)}</li>' for text in texts)
    return (
        f'<article>{image}<div><h4 dir="auto">{shown(caption) or "&nbsp;"}</h4><ul>{others}</ul>'
        f'<p class="quiet">{shown(card.leading)} {value:.1f} · {shown(name)}</p></div></article>'
    )


def _picture(photo: Path, caption: str, max_pixels: int) -> str:
    """Show a photo, or why it cannot be shown."""
    from captioner.preprocess.image import read_image

    try:
        image = read_image(photo, max_pixels, at_least=PHOTO_PIXELS)
    except InputError as error:
        return f'<p class="quiet">{shown(error.reason)}</p>'
    return (
        f'<div class="photo"><img src="{jpeg(image, PHOTO_PIXELS)}" alt="{shown(caption)}"></div>'
    )
