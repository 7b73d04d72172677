"""Fits the detector of words in photos, and draws photos for texts that have none."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from captioner.errors import EmptyDataError
from captioner.modules.encoders.concepts import ConceptDetector
from captioner.progress import Advance, progress

MOST_CONCEPT_WORDS = 1_000
# A candidate is in the captions of so many photos; only the most frequent candidates are tried.
LEAST_PHOTOS = 10
MOST_CANDIDATES = 2_000
# Words are predicted for each fold of the photos by a detector fitted to the other folds. So the
# decoder learns how reliable the detector is on photos that it has not seen.
NUM_FOLDS = 4
# Chosen by the cross-entropy of words, on Flickr8k's validation photos and 250 of COCO.
EPOCHS = 12
BATCH_PHOTOS = 64
LEARNING_RATE = 1e-3
WEIGHT_DECAY = 0.5
# A text's photos are drawn from at most so many photos, and so many are drawn for it in advance.
MOST_DRAWN_FROM = 4_000
NUM_DRAWS = 8
TEXTS_AT_ONCE = 2_000
LEAST_PROBABILITY = 1e-4


@dataclass(frozen=True)
class FittedConcepts:
    """A fitted detector, and what it detects in the training photos.

    Attributes:
        words: The words that the detector knows.
        detector: Fitted to all photos, or taken from the model with which the run begins.
        held_out: The probability of each word for each photo, from a detector that was not fitted
            to the photo.
    """

    words: tuple[str, ...]
    detector: ConceptDetector
    held_out: Float[Tensor, "photos words"]


def fit_concepts(
    pooled: Float[Tensor, "photos views channels"],
    captions: Sequence[Sequence[frozenset[str]]],
    known: tuple[str, ...],
    seed: int,
    fitted: ConceptDetector | None = None,
) -> FittedConcepts:
    """Choose the words that photos predict best, and fit a detector for them.

    The best words are those for which the detector lowers the cross-entropy on held-out photos the
    most, compared with predicting the word's frequency.

    Args:
        pooled: The mean features of each photo in several views, the whole photo first.
        captions: The words of each caption of each photo. Photos without captions are not fitted.
        known: The words, if they were chosen before; empty to choose them.
        seed: Seed of all random numbers here.
        fitted: A detector for the known words, if there is one; then only the folds are fitted.

    Raises:
        EmptyDataError: No word is in the captions of enough photos, or none can be predicted from
            photos.
    """
    words = known or _candidates(captions)
    targets = _mentioned(captions, words)
    described = torch.tensor([bool(several) for several in captions])
    folds = np.random.default_rng(seed).integers(NUM_FOLDS, size=len(pooled))
    held_out = torch.zeros_like(targets)
    with progress("concepts", (NUM_FOLDS + (fitted is None)) * EPOCHS, "epochs") as advance:
        for fold in range(NUM_FOLDS):
            inside = torch.from_numpy(folds == fold)
            others = described & ~inside
            detector = _fit(pooled[others], targets[others], seed, advance)
            with torch.inference_mode():
                held_out[inside] = detector.logits(pooled[inside, 0]).sigmoid()
        if not known:
            kept = _most_telling(held_out[described], targets[described])
            words = tuple(words[index] for index in kept)
            held_out, targets = held_out[:, kept], targets[:, kept]
        fitted = fitted or _fit(pooled[described], targets[described], seed, advance)
        return FittedConcepts(words, fitted, held_out)


def detected_concepts(
    pooled: Float[Tensor, "photos views channels"], known: tuple[str, ...], fitted: ConceptDetector
) -> FittedConcepts:
    """Return what a fitted detector finds in photos that it has not seen."""
    with torch.inference_mode():
        return FittedConcepts(known, fitted, fitted.eval().logits(pooled[:, 0]).sigmoid())


def _candidates(captions: Sequence[Sequence[frozenset[str]]]) -> tuple[str, ...]:
    counts = Counter(word for several in captions for word in frozenset().union(*several))
    frequent = sorted((-count, word) for word, count in counts.items() if count >= LEAST_PHOTOS)
    if not frequent:
        raise EmptyDataError(
            f"encoder.concepts: no word is in the captions of {LEAST_PHOTOS} photos: add photos, or"
            " set it to 0"
        )
    return tuple(word for _, word in frequent[:MOST_CANDIDATES])


def _mentioned(
    captions: Sequence[Sequence[frozenset[str]]], words: Sequence[str]
) -> Float[Tensor, "photos words"]:
    """Return the fraction of each photo's captions that use each word."""
    column = {word: number for number, word in enumerate(words)}
    found = torch.zeros(len(captions), len(words))
    for row, several in enumerate(captions):
        for caption in several:
            found[row, [column[word] for word in caption if word in column]] += 1 / len(several)
    return found.clamp_(max=1)


def _most_telling(
    held_out: Float[Tensor, "photos words"], targets: Float[Tensor, "photos words"]
) -> Int[Tensor, " kept"]:
    """Return the indices of the words that photos predict best, in ascending order."""
    by_frequency = targets.mean(0).clamp(min=LEAST_PROBABILITY).expand_as(targets)
    before, after = (
        functional.binary_cross_entropy(one, targets, reduction="none").sum(0)
        for one in (by_frequency, held_out)
    )
    gain = before - after
    best = gain.topk(min(MOST_CONCEPT_WORDS, len(gain))).indices
    kept = best[gain[best] > 0].sort().values
    if not len(kept):
        raise EmptyDataError(
            "encoder.concepts: no word can be predicted from the photos: add photos, or set it to 0"
        )
    return kept


def _fit(
    pooled: Float[Tensor, "photos views channels"],
    targets: Float[Tensor, "photos words"],
    seed: int,
    advance: Advance,
) -> ConceptDetector:
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        detector = ConceptDetector(pooled.shape[-1], targets.shape[1])
        detector.mean.copy_(pooled[:, 0].mean(0))
        detector.std.copy_(pooled[:, 0].std(0).clamp(min=1e-6))
        detector.frequencies.copy_(targets.mean(0).clamp(LEAST_PROBABILITY, 1 - LEAST_PROBABILITY))
        with torch.no_grad():
            detector.output.bias.copy_(detector.frequencies.logit())
        optimizer = torch.optim.AdamW(
            detector.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY
        )
        num_updates = EPOCHS * -(-len(pooled) // BATCH_PHOTOS)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, num_updates)
        for _ in range(EPOCHS):
            order = torch.randperm(len(pooled), generator=generator)
            for start in range(0, len(pooled), BATCH_PHOTOS):
                photos = order[start : start + BATCH_PHOTOS]
                views = torch.randint(pooled.shape[1], (len(photos),), generator=generator)
                logits = detector.logits(pooled[photos, views])
                loss = functional.binary_cross_entropy_with_logits(logits, targets[photos])
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                schedule.step()
            advance()
    return detector.eval().requires_grad_(False)


def draw_photos(
    texts: Sequence[frozenset[str]], concepts: FittedConcepts, seed: int
) -> Int[Tensor, "texts draws"]:
    """Draw for each text some photos that it may describe, by the words detected in them.

    The words detected in such a photo replace those of the photo that the text lacks. Most words of
    the text are among them; some are missing or wrong, as often as the detector errs.

    Args:
        texts: The words of each text.
        concepts: The fitted concepts of the training photos.
        seed: Seed of the draws.

    Returns:
        Numbers of training photos, drawn by their posterior probability given the text's words.
    """
    generator = torch.Generator().manual_seed(seed)
    photos = torch.randperm(len(concepts.held_out), generator=generator)[:MOST_DRAWN_FROM]
    probabilities = concepts.held_out[photos].clamp(LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    without_words = torch.log1p(-probabilities).sum(1)
    log_odds = probabilities.logit().T.contiguous()
    drawn = []
    with progress("texts", len(texts), "texts") as advance:
        for start in range(0, len(texts), TEXTS_AT_ONCE):
            several = texts[start : start + TEXTS_AT_ONCE]
            mentioned = _mentioned([[text] for text in several], concepts.words)
            posterior = (mentioned @ log_odds + without_words).softmax(-1)
            drawn.append(
                photos[
                    torch.multinomial(posterior, NUM_DRAWS, replacement=True, generator=generator)
                ]
            )
            advance(len(several))
    return torch.cat(drawn).to(torch.int32)
