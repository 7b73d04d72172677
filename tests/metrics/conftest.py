"""Made captions for the metrics, and the programs that they are compared with."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from captioner.metrics.ngrams import Sentences

Hypotheses = dict[int, list[str]]
References = dict[int, list[list[str]]]


@pytest.fixture
def corpus() -> tuple[Hypotheses, References]:
    """Tokens that repeat words and n-grams, some sentences empty: one hypothesis, 1 to 5
    references an image.
    """
    draw = random.Random(0)

    def tokens() -> list[str]:
        return draw.choices(
            ["a", "dog", "runs", "on", "the", "grass", "with", "ball"], k=draw.randint(0, 11)
        )

    hypotheses = {i: tokens() for i in range(97)}
    return hypotheses, {i: [tokens() for _ in range(draw.randint(1, 5))] for i in range(97)}


@pytest.fixture
def encode() -> Callable[[Hypotheses, References], tuple[Sentences, Sentences]]:
    def encoded(hypotheses: Hypotheses, references: References) -> tuple[Sentences, Sentences]:
        image = [index for index, texts in enumerate(references.values()) for _ in texts]
        flat = [tokens for texts in references.values() for tokens in texts]
        num_images = len(references)
        return (
            Sentences.from_tokens(hypotheses.values(), range(num_images), num_images),
            Sentences.from_tokens(flat, image, num_images),
        )

    return encoded


@pytest.fixture
def coco_caption() -> Callable[[str, Hypotheses, References], Any]:
    """`(corpus, per image)` of one of pycocoevalcap's scorers; skips where it is not installed."""

    def scored(name: str, hypotheses: Hypotheses, references: References) -> Any:
        module = pytest.importorskip(f"pycocoevalcap.{name.lower()}.{name.lower()}")
        quiet = {"verbose": 0} if name == "Bleu" else {}
        given = {i: [" ".join(tokens)] for i, tokens in hypotheses.items()}
        wanted = {i: [" ".join(tokens) for tokens in texts] for i, texts in references.items()}
        return getattr(module, name)().compute_score(wanted, given, **quiet)

    return scored
