"""Writes translations as lines of text or JSON lines, and draws a sentence's attention."""

import io
import json
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from captioner.errors import ShapeError

INCHES_A_WORD = 0.42
MOST_WORDS_DRAWN = 60
LONGEST_LABEL = 24  # letters of a word that are drawn
DOTS_AN_INCH = 120
LINE_ENDS = dict.fromkeys(map(ord, "\t\n\r"), " ")


def text_line(texts: Sequence[str]) -> str:
    """Return translations, best first, as one line with tabs between them.

    Tabs and line ends within a translation become spaces.
    """
    return "\t".join(text.translate(LINE_ENDS) for text in texts)


def json_row(
    source: str,
    candidates: Sequence[tuple[str, float]],
    model: str,
    sentences: Sequence[tuple[str, str, bool]],
    languages: tuple[str, str],
    alignments: Sequence[tuple[int, int]] | None = None,
) -> str:
    """Return one translation as a line of JSON, in ASCII.

    Fields that a caption's row has, too, have the same keys.

    Args:
        source: The text that was translated.
        candidates: Translations, best first, each with its log-probability, nats.
        model: Name of the model.
        sentences: Each sentence of the source, its best translation, and whether that may lack
            something.
        languages: The source language and the target language.
        alignments: Pairs of source word and target word of the best translation; None to leave
            them out.
    """
    row: dict[str, Any] = {
        "source": source,
        "text": candidates[0][0],
        "log_prob": candidates[0][1],
        "candidates": [{"text": text, "log_prob": log_prob} for text, log_prob in candidates],
        "model": model,
        "source_language": languages[0] or None,
        "target_language": languages[1] or None,
        "error": None,
        "doubtful": any(is_doubtful for _, _, is_doubtful in sentences),
        "sentences": [
            {"source": source, "text": text, "doubtful": is_doubtful}
            for source, text, is_doubtful in sentences
        ],
    }
    if alignments is not None:
        row["alignments"] = pharaoh(alignments)
    return json.dumps(row)


def pharaoh(alignments: Sequence[tuple[int, int]]) -> str:
    """Return alignments as `0-0 1-2`: source word and target word, counted from 0.

    Source:
        The format of the Pharaoh decoder: Koehn 2004, "Pharaoh: a Beam Search Decoder for
        Phrase-Based SMT".
    """
    return " ".join(f"{source}-{target}" for source, target in alignments)


def draw_alignment(
    source_words: Sequence[str], target_words: Sequence[str], attention: ArrayLike
) -> Image.Image:
    """Draw the attention as a matrix of target words (rows) and source words (columns).

    The darker a square, the larger its weight. Only the first 60 words of each text are drawn.

    Args:
        source_words: The columns.
        target_words: The rows.
        attention: `[target, source]`; each row sums to 1 at most.

    Raises:
        ShapeError: There is not one row for each target word and one column for each source word.
    """
    from matplotlib.figure import Figure

    weights = np.asarray(attention, np.float32)
    if weights.shape != (len(target_words), len(source_words)) and weights.size:
        raise ShapeError(
            f"attention: shape {weights.shape} for {len(target_words)} and {len(source_words)}"
            " words"
        )
    columns, rows = _labels(source_words), _labels(target_words)
    shown = np.zeros((max(len(rows), 1), max(len(columns), 1)), np.float32)
    shown[: len(rows), : len(columns)] = weights[: len(rows), : len(columns)]
    height, width = (INCHES_A_WORD * size for size in shown.shape)
    figure = Figure(
        figsize=(width + _label_inches(rows), height + _label_inches(columns)), layout="constrained"
    )
    axes = figure.subplots()
    axes.imshow(shown, cmap="Blues", vmin=0, vmax=1, aspect="equal")
    literal = {"parse_math": False}  # a dollar sign begins no formula
    axes.set_xticks(
        range(len(columns)), columns, rotation=45, ha="left", rotation_mode="anchor", **literal
    )
    axes.set_yticks(range(len(rows)), rows, **literal)
    axes.tick_params(length=0, labelsize=11, labeltop=True, labelbottom=False)
    axes.set_xticks(np.arange(0.5, shown.shape[1] - 1), minor=True)
    axes.set_yticks(np.arange(0.5, shown.shape[0] - 1), minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="minor", length=0)
    axes.spines[:].set_visible(False)
    picture = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # letters that the font lacks are drawn as boxes
        figure.savefig(picture, dpi=DOTS_AN_INCH)
    return Image.open(picture).convert("RGB")


def _labels(words: Sequence[str]) -> list[str]:
    return [
        word if len(word) <= LONGEST_LABEL else f"{word[: LONGEST_LABEL - 1]}…"
        for word in words[:MOST_WORDS_DRAWN]
    ]


def _label_inches(words: Sequence[str]) -> float:
    """Return the space that labels need beside the matrix, in inches."""
    return 0.5 + 0.1 * max((len(word) for word in words), default=0)
