"""METEOR and SPICE: runs their Java programs through pycocoevalcap, on coco-caption's tokens."""

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from captioner.errors import MissingExtraError, ScoreError
from captioner.metrics.signature import nrefs
from captioner.metrics.tokens import tokenize

# METEOR 1.5's parameters for English, tuned to rank as people do: precision against recall, the
# penalty's shape and weight, content against function words; the weight of words that match
# exactly, by stem, synonym, paraphrase.
ALPHA, BETA, GAMMA, DELTA = 0.85, 0.20, 0.60, 0.75
MODULE_WEIGHTS = (1.0, 0.6, 0.8, 0.6)


class Meteor:
    """METEOR 1.5 for English.

    It matches words, also by stem, synonym and paraphrase, and counts how scattered they are.

    Java aligns and counts; the score is computed here from its counts, so that they can be added
    and resampled.

    Args:
        references: The references of each item.

    Raises:
        MissingExtraError: pycocoevalcap is not installed.
        ScoreError: Java is not there.

    Source:
        Denkowski and Lavie 2014, "Meteor Universal: Language Specific Translation Evaluation for
        Any Target Language", equations 1 to 5.
    """

    names: ClassVar[tuple[str, ...]] = ("METEOR",)

    def __init__(self, references: Sequence[Sequence[str]]) -> None:
        self._program = _program("meteor", "Meteor")
        self._references = [[_tokens(text) for text in texts] for texts in references]
        self.signature = _signature(references, "lang:en|norm:yes")

    def statistics(self, hypotheses: Sequence[str]) -> NDArray[np.float64]:
        """Count for each item by the closest reference, `[items, 23]`.

        The last column but two is the number of chunks.

        Raises:
            ScoreError: Java ended early.
        """
        pairs = zip(hypotheses, self._references, strict=True)
        try:
            rows = [
                self._program._stat(_tokens(text), references).split() for text, references in pairs
            ]
        except OSError as error:
            raise ScoreError(f"METEOR's Java program ended early ({error.strerror})") from error
        try:
            counted = np.array(rows, np.float64).reshape(-1, 23)
        except ValueError as error:
            raise ScoreError(
                "METEOR's Java program ended early; see that `java` runs, with 2 GB of memory"
            ) from error
        # A text that matches from end to end is not scattered at all, while METEOR counts one chunk
        # for it.
        whole = (counted[:, 20] == 1) & (counted[:, 21:] == counted[:, :2]).all(axis=1)
        counted[whole, 20] = 0
        return counted

    @staticmethod
    def scores(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """METEOR, `[..., 1]`, from added statistics, `[..., 23]`."""
        # Of hypothesis and reference, as all pairs below.
        length = sums[..., 0:2]
        function = sums[..., 2:4]
        # Module, content or function words, pair.
        by_module = sums[..., 4:20].reshape(*sums.shape[:-1], 4, 2, 2)
        matches = np.einsum("...mkp,m,k->...p", by_module, MODULE_WEIGHTS, (DELTA, 1 - DELTA))
        precision, recall = np.moveaxis(
            _ratio(matches, DELTA * (length - function) + (1 - DELTA) * function), -1, 0
        )
        mean = _ratio(precision * recall, ALPHA * precision + (1 - ALPHA) * recall)
        scattered = _ratio(sums[..., 20], sums[..., 21:].mean(axis=-1))
        score: NDArray[np.float64] = mean * (1 - GAMMA * scattered**BETA)
        return score[..., None]


class Spice:
    """SPICE: how many objects, attributes and relations hypothesis and references share.

    The statistics of an item are 2 numbers: its score, and 1.

    Args:
        references: The references of each item.

    Raises:
        MissingExtraError: pycocoevalcap is not installed.
        ScoreError: Java is not there, or the models that it parses with cannot be had.

    Source:
        Anderson et al. 2016, "SPICE: Semantic Propositional Image Caption Evaluation",
        arXiv:1607.08822, section 3.
    """

    names: ClassVar[tuple[str, ...]] = ("SPICE",)

    def __init__(self, references: Sequence[Sequence[str]]) -> None:
        self._program = _program("spice", "Spice")
        self._references = {
            item: [_tokens(text) for text in texts] for item, texts in enumerate(references)
        }
        self.signature = _signature(references, "parser:stanford-3.6.0")

    def statistics(self, hypotheses: Sequence[str]) -> NDArray[np.float64]:
        """Score each item, `[items, 2]`.

        Raises:
            ScoreError: Java failed.
        """
        given = {item: [_tokens(text)] for item, text in enumerate(hypotheses)}
        try:
            with contextlib.redirect_stdout(sys.stderr):
                _, single = self._program.compute_score(self._references, given)
        except (OSError, ValueError, subprocess.CalledProcessError) as error:
            raise ScoreError(
                f"SPICE's Java program failed ({error}); it is made for Java 8"
            ) from error
        scores = np.array([item["All"]["f"] for item in single], np.float64)
        return np.stack([scores, np.ones(len(scores))], axis=1)

    @staticmethod
    def scores(sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mean SPICE, `[..., 1]`, from added statistics, `[..., 2]`."""
        return sums[..., :1] / sums[..., 1:]


def _program(module: str, name: str) -> Any:
    """Start one of pycocoevalcap's scorers; SPICE's fetches its parser the first time."""
    try:
        imported = import_module(f"pycocoevalcap.{module}.{module}")
    except ModuleNotFoundError as error:
        raise MissingExtraError("pycocoevalcap", "score") from error
    if shutil.which("java") is None:
        raise ScoreError("this needs Java: install a Java runtime, so that `java` is found")
    try:
        with contextlib.redirect_stdout(sys.stderr):
            return getattr(imported, name)()
    except OSError as error:
        raise ScoreError(f"what it needs cannot be fetched or started ({error})") from error


def _signature(references: Sequence[Sequence[str]], rest: str) -> str:
    counts = nrefs([len(texts) for texts in references])
    from importlib.metadata import version

    return f"nrefs:{counts}|case:lc|tok:ptb|{rest}|version:pycocoevalcap-{version('pycocoevalcap')}"


def _tokens(text: str) -> str:
    return " ".join(tokenize(text))


def _ratio(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    """Divide; nothing by nothing is nothing."""
    ratio: NDArray[np.float64] = above / np.where(below == 0, 1, below)
    return ratio
