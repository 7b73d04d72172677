"""Shows a translation as HTML: the text, its sentences beside the source's, and the attention."""

import html
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from captioner.outputs.page import shown
from captioner.web.caption_view import ranked

if TYPE_CHECKING:
    from captioner.pipeline import TranslationResult
    from captioner.pipeline.result import SentenceResult

MOST_WORDS = 40  # of a sentence whose attention is drawn; a larger table is hard to read
HINT = (
    "Each row is a word of the translation, darker where the model looked more. Point at a word to"
    " see its line."
)


def translation_view(
    result: "TranslationResult",
    question: str,
    languages: str = "",
    source: str = "",
    note: str = "",
) -> str:
    """Return a translation as HTML; several sentences are also shown sentence by sentence.

    Args:
        result: The translation.
        question: The exact text that was sent; the browser hides the answer if the visitor has
            changed the text since.
        languages: The source and target languages, as text for the visitor.
        source: The code of the language that it was translated from.
        note: A warning that is shown with it.
    """
    several = len(result.sentences) > 1
    text = "".join(_parts(result.text, result.sentences)) if several else shown(result.text)
    if several:
        details = _pairs(result.sentences)
    else:
        details = "".join(_doubt(one) + _details(one) for one in result.sentences or [result])
    copy = (
        f'<button type="button" class="copy" data-copy="{html.escape(result.text)}">Copy</button>'
        if several
        else ""
    )
    return (
        f'<section class="translated" aria-label="Translation" '
        f'data-question="{html.escape(question)}" data-source="{html.escape(source)}">'
        f'<div class="about"><p class="quiet">{shown(languages)}</p>{copy}</div>'
        f'{_unsure(note)}<p class="best" dir="auto">{text}</p>{details}</section>'
    )


def refusal_view(message: str, question: str) -> str:
    """Return HTML that says, in the place of a translation, why there is none."""
    asked = html.escape(question)
    return f'<section class="translated" data-question="{asked}">{_unsure(message)}</section>'


def _unsure(note: str) -> str:
    return f'<p class="unsure" role="note">{shown(note)}</p>' if note else ""


def _doubt(sentence: "SentenceResult") -> str:
    return (
        _unsure("This may lack something of the sentence, or say what it does not.")
        if sentence.is_doubtful
        else ""
    )


def _parts(text: str, sentences: Sequence["SentenceResult"]) -> Iterator[str]:
    """Yield a translation as HTML, with each sentence in an element that one can point at."""
    start = 0
    for number, sentence in enumerate(sentences):
        at = text.index(sentence.text, start)
        yield shown(text[start:at])
        yield f'<span data-pair="{number}">{shown(sentence.text)}</span>'
        start = at + len(sentence.text)
    yield shown(text[start:])


def _pairs(sentences: Sequence["SentenceResult"]) -> str:
    rows = []
    for number, sentence in enumerate(sentences):
        rows.append(
            f'<li data-pair="{number}"><p class="quiet" dir="auto">{shown(sentence.source)}</p>'
            f'<p dir="auto">{shown(sentence.text)}</p>{_doubt(sentence)}'
            "<details><summary>Alternatives, and where the model looked</summary>"
            f"{_details(sentence)}</details></li>"
        )
    return f'<h3>Sentence by sentence</h3><ol class="pairs">{"".join(rows)}</ol>'


def _details(sentence: "SentenceResult") -> str:
    """Show all candidates for a sentence, best first, and the attention of the best one."""
    items = ranked(sentence.candidates)
    alternatives = f'<ol class="ranked" aria-label="Alternatives, best first">{items}</ol>'
    return alternatives + _matrix(sentence)


def _matrix(sentence: "SentenceResult") -> str:
    """Draw the attention: a row for each translated word, a column for each source word."""
    best, source = sentence.candidates[0], sentence.source_words
    if max(len(best.words), len(source)) > MOST_WORDS:
        told = f"More than {MOST_WORDS} words: where the model looked is not drawn."
        return f'<p class="quiet">{told}</p>'
    head = "".join(f'<th scope="col"><span>{shown(word)}</span></th>' for word in source)
    rows = []
    for word, log_prob, weights in zip(
        best.words, best.word_log_probs, best.attention, strict=True
    ):
        cells = "".join(f'<td style="--weight:{weight:.3f}"></td>' for weight in weights)
        sure = shown(f"“{word}”, {math.exp(log_prob):.0%} likely after the words before it")
        rows.append(f'<tr><th scope="row" title="{sure}">{shown(word)}</th>{cells}</tr>')
    return (
        f'<div class="matrix"><table aria-label="Where the model looked"><thead>'
        f"<tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        f'<p class="quiet">{HINT}</p>'
    )
