"""A translation as HTML: the alternatives, and a matrix of the attention at each word."""

import html
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from captioner.outputs.page import shown
from captioner.web.caption_view import ranked

if TYPE_CHECKING:
    from captioner.pipeline import TranslationResult


def translation_view(result: "TranslationResult", question: str) -> str:
    """Show the alternatives, best first, and the best one's attention.

    Args:
        result: What is shown.
        question: The text that was sent, to the letter: the browser hides the answer where another
            one stands by then.
    """
    best = result.candidates[0]
    return (
        '<section class="translated" aria-label="Translation"'
        f' data-question="{html.escape(question)}">'
        f'<p class="best" dir="auto">{shown(best.text)}</p>'
        f'<ol class="ranked" aria-label="Alternatives, best first">{ranked(result.candidates)}</ol>'
        f"{_matrix(result.source_words, best.words, best.word_log_probs, best.attention)}</section>"
    )


def _matrix(
    source: Sequence[str],
    target: Sequence[str],
    log_probs: Sequence[float],
    attention: NDArray[np.float32],
) -> str:
    """Draw a row for each target word, a column for each source word; attention is dark."""
    head = "".join(f'<th scope="col"><span>{shown(word)}</span></th>' for word in source)
    rows = []
    for word, log_prob, weights in zip(target, log_probs, attention, strict=True):
        cells = []
        for from_word, weight in zip(source, weights, strict=False):
            note = shown(f"“{word}” ← “{from_word}”: {weight:.0%} of the look")
            cells.append(f'<td style="--weight:{weight:.3f}" title="{note}"></td>')
        sure = shown(f"“{word}”, {math.exp(log_prob):.0%} likely after the words before it")
        rows.append(f'<tr><th scope="row" title="{sure}">{shown(word)}</th>{"".join(cells)}</tr>')
    hint = (
        "Each row is a word of the translation, darker where the model looked more. Point at a"
        " word to see its line."
    )
    return (
        f'<div class="matrix"><table aria-label="Where the model looked"><thead>'
        f"<tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        f'<p class="quiet">{hint}</p>'
    )
