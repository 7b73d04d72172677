"""Measures how well a model translates: scores each translation against all its references."""

from collections.abc import Sequence

from captioner.batch.lines import translate_lines
from captioner.config import SearchConfig
from captioner.metrics import Report
from captioner.metrics.translation import TranslationScorer
from captioner.pipeline import Translator
from captioner.progress import progress


def evaluate_translations(
    translator: Translator,
    sentences: Sequence[str],
    references: Sequence[Sequence[str]],
    search: SearchConfig,
    direction: tuple[str, str],
) -> tuple[Report, list[str]]:
    """Translate every sentence from one language into another and score the translations.

    Returns:
        The scores, and the translations.

    Raises:
        ScoreError: There are no sentences.
        MissingExtraError: sacrebleu is not installed.
    """
    scorer = TranslationScorer(dict(enumerate(references)))
    texts = []
    with progress("sentences", len(sentences), "sentences") as advance:
        for result in translate_lines(translator, sentences, search, *direction):
            texts.append(result.text)
            advance()
    return scorer.score(dict(enumerate(texts))), texts
