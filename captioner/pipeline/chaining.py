"""Joins translations: of a sentence's pieces, of sentences, and of steps via a third language."""

from collections.abc import Sequence

import numpy as np

from captioner.pipeline.result import Candidate, ChainedCandidate, SentenceResult, TranslationResult
from captioner.preprocess.sentences import Layout
from captioner.preprocess.text import Piece


def chain_pieces(
    sentence: str, pieces: Sequence[Piece], found: Sequence[tuple[Candidate, ...]]
) -> SentenceResult:
    """Join the pieces of a sentence: the best candidates, then the second ones, and so on."""
    if len(pieces) == 1:
        return SentenceResult(found[0], sentence)
    columns = [piece.start for piece in pieces]
    ranked = [
        ChainedCandidate(" ".join(part.text for part in rank if part.text), rank, columns)
        for rank in zip(*found, strict=True)
    ]
    return SentenceResult(tuple(ranked), sentence, num_pieces=len(pieces))


def chain_translations(first: SentenceResult, second: SentenceResult) -> SentenceResult:
    """Join two steps of a translation through a third language.

    The second step translated the best text of the first. Each word gets the attention of the
    intermediate words that it was translated from.
    """
    middle = first.candidates[0]
    return SentenceResult(
        tuple(
            Candidate(
                one.text,
                middle.log_prob + one.log_prob,
                one.words,
                one.word_log_probs,
                one.attention[:, : len(middle.words)] @ middle.attention,
            )
            for one in second.candidates
        ),
        first.source,
        max(first.num_pieces, second.num_pieces),
    )


def chain_sentences(
    text: str,
    layout: Layout,
    sentences: Sequence[SentenceResult],
    source_language: str,
    target_language: str,
) -> TranslationResult:
    """Join the translated sentences of a text in its layout: the best ones, the second, and so on.

    Args:
        text: The text.
        layout: Its sentences and what stands between them.
        sentences: The result of each sentence.
        source_language: The language that the text was read as.
        target_language: The language that it was translated into.
    """
    ranks = zip(*(one.candidates for one in sentences), strict=True) if sentences else [()]
    columns = _first_columns(layout, sentences)
    gaps = [[_copied(word) for word in gap.split()] for gap in layout.gaps]
    ranked = []
    for rank in ranks:
        behind = [*([one] for one in rank), []]
        parts = [part for gap, one in zip(gaps, behind, strict=True) for part in (*gap, *one)]
        ranked.append(ChainedCandidate(layout.join([one.text for one in rank]), parts, columns))
    num_pieces = sum(one.num_pieces for one in sentences)
    return TranslationResult(
        tuple(ranked), text, num_pieces, tuple(sentences), source_language, target_language
    )


def _first_columns(layout: Layout, sentences: Sequence[SentenceResult]) -> list[int]:
    """Return the word of the text, from 0, at which each copied word and each sentence begins."""
    columns: list[int] = []
    num_words = 0
    for gap, sentence in zip(layout.gaps, [*sentences, None], strict=True):
        num_copied = len(gap.split())
        columns += range(num_words, num_words + num_copied)
        num_words += num_copied
        if sentence is not None:
            columns.append(num_words)
            num_words += len(sentence.source_words)
    return columns


def _copied(word: str) -> Candidate:
    return Candidate(word, 0.0, (word,), (0.0,), np.ones((1, 1), np.float32))
