"""What self-critical training strives for: scores of sampled texts against the references of their items."""

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from captioner.errors import ConfigError
from captioner.metrics.bleu import Bleu
from captioner.metrics.cider import Cider, DocumentFrequencies
from captioner.metrics.from_jiwer import Cer, Wer
from captioner.metrics.from_sacrebleu import ChrF, SacreBleu
from captioner.metrics.ngrams import Sentences
from captioner.metrics.tokens import tokenize

# Counted as a word where a text ends by itself, so that one that is cut short loses what its last words would win.
END = "\n"


@runtime_checkable
class Reward(Protocol):
    """Scores sampled texts."""

    def __call__(self, items: Sequence[int], texts: Sequence[str], finished: Sequence[bool]) -> NDArray[np.float64]:
        """Return one number a text, the higher the better.

        Args:
            items: Number of each text's item; an item may have several texts.
            texts: What was sampled.
            finished: Whether each text ended by itself.
        """


class CaptionReward:
    """CIDEr of captions, and BLEU-4 if wished, with document frequencies of all references.

    Args:
        references: The captions of each item.
        weights: What each score counts for: of `CIDEr` and `BLEU-4`.

    Raises:
        ConfigError: There is no such score.

    Source:
        The ends of texts as words: Luo 2020, arXiv:2003.09971, section 2.
    """

    def __init__(self, references: Sequence[Sequence[str]], weights: Mapping[str, float]) -> None:
        self._weights = _checked(weights, ("CIDEr", "BLEU-4"))
        self._tokens = [[[*tokenize(text), END] for text in texts] for texts in references]
        self._frequencies = DocumentFrequencies.from_references(self._references(range(len(references))))

    def __call__(self, items: Sequence[int], texts: Sequence[str], finished: Sequence[bool]) -> NDArray[np.float64]:
        """Return one number a text."""
        references = self._references(items)
        tokens = [[*tokenize(text), *[END] * ended] for text, ended in zip(texts, finished, strict=True)]
        hypotheses = Sentences.from_tokens(tokens, range(len(texts)), len(texts))
        total = np.zeros(len(texts))
        if weight := self._weights.get("CIDEr"):
            total += weight * Cider(references, self._frequencies).statistics(hypotheses)[:, 0]
        if weight := self._weights.get("BLEU-4"):
            total += weight * Bleu.scores(Bleu(references).statistics(hypotheses))[:, 3]
        return total

    def _references(self, items: Sequence[int]) -> Sentences:
        tokens = [one for item in items for one in self._tokens[item]]
        owner = [number for number, item in enumerate(items) for _ in self._tokens[item]]
        return Sentences.from_tokens(tokens, owner, len(items))


class TranslationReward:
    """chrF of translations, and BLEU if wished.

    Args:
        references: The references of each item.
        weights: What each score counts for: of `chrF` and `BLEU`.

    Raises:
        ConfigError: There is no such score.
    """

    def __init__(self, references: Sequence[Sequence[str]], weights: Mapping[str, float]) -> None:
        self._weights = _checked(weights, ("chrF", "BLEU"))
        self._texts = references

    def __call__(self, items: Sequence[int], texts: Sequence[str], finished: Sequence[bool]) -> NDArray[np.float64]:
        """Return one number a text; how it ended does not matter, since a short one scores low as it is."""
        references = [self._texts[item] for item in items]
        total = np.zeros(len(texts))
        for name, metric in (("chrF", ChrF), ("BLEU", SacreBleu)):
            if weight := self._weights.get(name):
                counted = metric(references).statistics(texts)
                total += weight * metric.scores(counted)[:, 0]
        return total


class TranscriptReward:
    """Minus the errors of transcripts, by units of the reference: words, and characters if wished.

    Args:
        references: The references of each item.
        weights: What each rate counts for: of `WER` and `CER`.

    Raises:
        ConfigError: There is no such score.

    Source:
        Word errors as what is trained on: Prabhavalkar et al. 2018, arXiv:1712.01818, section 3.
    """

    def __init__(self, references: Sequence[Sequence[str]], weights: Mapping[str, float]) -> None:
        self._weights = _checked(weights, ("WER", "CER"))
        self._texts = references

    def __call__(self, items: Sequence[int], texts: Sequence[str], finished: Sequence[bool]) -> NDArray[np.float64]:
        """Return one number a text; one that did not end by itself has an error more."""
        references = [self._texts[item] for item in items]
        total = np.zeros(len(texts))
        for name, metric in (("WER", Wer), ("CER", Cer)):
            if weight := self._weights.get(name):
                counted = metric(references).statistics(texts)
                counted[:, 0] += ~np.array(finished, bool)
                total -= weight * metric.scores(counted)[:, 0]
        return total


def _checked(weights: Mapping[str, float], known: Sequence[str]) -> Mapping[str, float]:
    """Take the first known score where none is named."""
    if unknown := sorted(weights.keys() - set(known)):
        raise ConfigError(f"self_critical.rewards: there are {' and '.join(known)} (given: {', '.join(unknown)})")
    return weights or {known[0]: 1.0}
