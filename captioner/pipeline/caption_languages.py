"""Translates English captions into another language, and keeps their attention over the photo.

Each caption is replaced by its best translation. A translated word gets the attention over the
photo that belongs to the English words it was translated from.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from captioner.pipeline.result import Candidate, CaptionResult
from captioner.pretrained.registry import find_translator

if TYPE_CHECKING:
    from captioner.pipeline.translator import Translator

WRITTEN = "en"
"""The language from which captions are translated, and the default of models that can write it."""


def as_sentence(text: str) -> str:
    """Return a caption as a sentence, with a capital letter and a full stop."""
    return f"{text[:1].upper()}{text[1:]}{'' if text[-1:] in '.!?…' else '.'}" if text else text


def in_language(results: Sequence[CaptionResult], language: str) -> list[CaptionResult]:
    """Translate all captions of some photos, as one batch.

    Args:
        results: English captions.
        language: A code such as de.

    Returns:
        The results with each candidate translated. A candidate's log-probability is the sum of
        those of the caption and the translation. It has no calibrated confidence, because the
        calibration was fitted to English captions.

    Raises:
        ModelError: No model that ships translates English into the language.
    """
    translator = _translator(language)
    sentences = [as_sentence(one.text) for result in results for one in result.candidates]
    translated = iter(
        translator.translate_texts(sentences, translator.options(), WRITTEN, language)
    )
    return [
        replace(
            result,
            candidates=tuple(
                _translated(one, next(translated).candidates[0]) for one in result.candidates
            ),
            language=language,
        )
        for result in results
    ]


def _translated(caption: Candidate, translation: Candidate) -> Candidate:
    text = translation.text.removesuffix(".")
    words = tuple(text.split())
    return Candidate(
        text=text,
        log_prob=caption.log_prob + translation.log_prob,
        words=words,
        word_log_probs=translation.word_log_probs[: len(words)],
        attention=_attention(translation.attention[: len(words)], caption.attention),
    )


def _attention(
    alignment: NDArray[np.float32], attention: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the attention over the photo of each word of a translation.

    Args:
        alignment: The attention of each word over the words of the caption, `[word, caption word]`.
        attention: Attention of the caption's words over the photo, `[caption word, height, width]`.

    Returns:
        For each word, the mean of the caption words' maps, weighted by `alignment`, `[word, height,
        width]`.
    """
    columns = min(alignment.shape[1], len(attention))
    weights = alignment[:, :columns] + np.finfo(np.float32).tiny
    weights = weights / weights.sum(1, keepdims=True)
    maps: NDArray[np.float32] = np.einsum("tw,whk->thk", weights, attention[:columns])
    return maps.astype(np.float32)


@cache
def _translator(language: str) -> "Translator":
    return _loaded(find_translator(language, WRITTEN))


@cache
def _loaded(model: str) -> "Translator":
    """Load a translator once, however many languages it writes."""
    from captioner.pipeline.loading import load_translator  # late: it imports this module

    return load_translator(model)
