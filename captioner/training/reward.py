"""The reward of self-critical training: scores of sampled texts against their references."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from captioner.errors import ConfigError
from captioner.metrics.bleu import Bleu
from captioner.metrics.cider import Cider, DocumentFrequencies
from captioner.metrics.from_jiwer import Cer, Wer
from captioner.metrics.from_sacrebleu import ChrF, SacreBleu
from captioner.metrics.hallucination import objects_of
from captioner.metrics.ngrams import Sentences
from captioner.metrics.tokens import tokenize

# The last word of a text that ended by itself. So a text that is cut short loses the reward that
# its last words would have won.
END = "\n"
ITEMS_AT_ONCE = 20_000  # n-grams are counted for so many: all of COCO's would take gigabytes


@runtime_checkable
class Reward(Protocol):
    """Scores sampled texts."""

    def __call__(
        self, items: Sequence[int], texts: Sequence[str], finished: Sequence[bool]
    ) -> NDArray[np.float64]:
        """Return one number per text, the higher the better.

        Args:
            items: Number of each text's item; an item may have several texts.
            texts: The sampled texts.
            finished: Whether each text ended by itself.
        """
        ...


class CaptionReward:
    """CIDEr of captions, with document frequencies of all references; optionally BLEU-4 and CHAIRs.

    CHAIRs is a penalty: minus one for a caption that names an object that no reference names. It is
    0 for an item with one reference, since one person may leave out objects that are there. It is
    also 0 where captions are not English, since the objects have English names.

    Args:
        references: The captions of each item.
        weights: The weights of `CIDEr`, `BLEU-4` and `CHAIRs`.
        languages: The language of each item's captions; empty where all are English.

    Raises:
        ConfigError: There is no such score.

    Source:
        The ends of texts as words: Luo 2020, arXiv:2003.09971, section 2.
    """

    def __init__(
        self,
        references: Sequence[Sequence[str]],
        weights: Mapping[str, float],
        languages: Sequence[str] = (),
    ) -> None:
        self._weights = _checked(weights, ("CIDEr", "BLEU-4", "CHAIRs"))
        self._tokens = [[[*tokenize(text), END] for text in texts] for texts in references]
        items = range(len(references))
        parts = (items[start : start + ITEMS_AT_ONCE] for start in items[::ITEMS_AT_ONCE])
        counted = (DocumentFrequencies.from_references(self._references(part)) for part in parts)
        self._frequencies = DocumentFrequencies.of_all(counted)
        self._objects: list[frozenset[str] | None] = []
        if "CHAIRs" in self._weights:
            self._objects = [
                frozenset(kind for text in texts for kind in objects_of(text))
                if len(texts) > 1 and language == "en"
                else None
                for texts, language in zip(
                    references, languages or ["en"] * len(references), strict=True
                )
            ]

    def __call__(
        self, items: Sequence[int], texts: Sequence[str], finished: Sequence[bool]
    ) -> NDArray[np.float64]:
        """Return one number a text."""
        references = self._references(items)
        tokens = [
            [*tokenize(text), *[END] * ended] for text, ended in zip(texts, finished, strict=True)
        ]
        hypotheses = Sentences.from_tokens(tokens, range(len(texts)), len(texts))
        total = np.zeros(len(texts))
        if weight := self._weights.get("CIDEr"):
            total += weight * Cider(references, self._frequencies).statistics(hypotheses)[:, 0]
        if weight := self._weights.get("BLEU-4"):
            total += weight * Bleu.scores(Bleu(references).statistics(hypotheses))[:, 3]
        if weight := self._weights.get("CHAIRs"):
            total -= weight * np.array(
                [self._invents(text, item) for text, item in zip(texts, items, strict=True)]
            )
        return total

    def _invents(self, text: str, item: int) -> bool:
        """Tell whether a text names an object that none of several references names."""
        known = self._objects[item]
        return known is not None and not known.issuperset(objects_of(text))

    def _references(self, items: Sequence[int]) -> Sentences:
        tokens = [one for item in items for one in self._tokens[item]]
        owner = [number for number, item in enumerate(items) for _ in self._tokens[item]]
        return Sentences.from_tokens(tokens, owner, len(items))


class _TextReward:
    """Scores whole texts by metrics that count each text on its own.

    Args:
        references: The references of each item.
        weights: The weight of each of `metrics`.

    Raises:
        ConfigError: There is no such score.
    """

    metrics: ClassVar[Mapping[str, type[ChrF | SacreBleu | Wer | Cer]]]

    def __init__(self, references: Sequence[Sequence[str]], weights: Mapping[str, float]) -> None:
        self._weights = _checked(weights, tuple(self.metrics))
        self._texts = references

    def __call__(
        self, items: Sequence[int], texts: Sequence[str], finished: Sequence[bool]
    ) -> NDArray[np.float64]:
        """Return one number a text."""
        references = [self._texts[item] for item in items]
        total = np.zeros(len(texts))
        for name, metric in self.metrics.items():
            if weight := self._weights.get(name):
                counted = self.adjust(metric(references).statistics(texts), finished)
                total += weight * metric.scores(counted)[:, 0]
        return total

    @staticmethod
    def adjust(counted: NDArray[np.float64], finished: Sequence[bool]) -> NDArray[np.float64]:
        """Adjust each text's statistics, `[texts, columns]`, to whether it ended by itself."""
        return counted


class TranslationReward(_TextReward):
    """chrF of translations, and optionally BLEU.

    Whether a text ended by itself does not matter, since a short text scores low anyway.
    """

    metrics: ClassVar = {"chrF": ChrF, "BLEU": SacreBleu}


class TranscriptReward(_TextReward):
    """Minus the error rate of transcripts, by words and optionally by characters.

    A text that did not end by itself has one more error.

    Source:
        Training on word errors: Prabhavalkar et al. 2018, arXiv:1712.01818, section 3.
    """

    metrics: ClassVar = {"WER": Wer, "CER": Cer}

    @staticmethod
    def adjust(counted: NDArray[np.float64], finished: Sequence[bool]) -> NDArray[np.float64]:
        """Count a missing end as an error, and make errors negative: the fewer, the better."""
        counted[:, 0] = -(counted[:, 0] + ~np.array(finished, bool))
        return counted


def _checked(weights: Mapping[str, float], known: Sequence[str]) -> Mapping[str, float]:
    """Return the weights after a check; without any, the first known score gets the weight."""
    if unknown := sorted(weights.keys() - set(known)):
        raise ConfigError(
            f"self_critical.rewards: there are {' and '.join(known)} (given: {', '.join(unknown)})"
        )
    return weights or {known[0]: 1.0}
