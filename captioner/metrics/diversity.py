"""Measures what scores hide: how rich, repetitive, odd and memorised a set of captions is."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from captioner.errors import ScoreError
from captioner.metrics.odd_pairs import UsualPairs
from captioner.metrics.tokens import tokenize

# English words that call for another one behind them: a caption that ends with one was broken off.
CALLS_FOR_MORE = {
    *("a", "an", "the", "his", "her", "its", "their", "is", "are", "and", "or", "while"),
    *("of", "in", "on", "at", "to", "with", "by", "for", "from", "into", "onto"),
}

ODD_EXAMPLES = 3


@dataclass(frozen=True)
class Diversity:
    """Counts over a set of captions; fractions are between 0 and 1.

    Attributes:
        vocabulary_size: Different words in all captions.
        distinct_1: Different words by words, over all captions.
        distinct_2: Different pairs of words by pairs, over all captions.
        mean_length: Words in a caption, on average.
        repeated_2grams: Fraction of pairs of words that stood in the same caption before.
        broken_off: Fraction of captions whose last word calls for another one, as in "a man in a".
        novelty: Fraction of captions that no training caption equals, token for token; None without
            training captions.
        at_max_length: Fraction of captions as long as the system could write, most of them cut off;
            None where that length is not known.
        odd_pairs: Fraction of captions in which something common does what nothing of its name does
            in the training captions; None without training captions, and where they are too few to
            tell.
        odd_pairs_of_references: The same of the references, as the mean over the images of each
            image's share.
        odd_examples: The commonest odd pairs of the captions.

    Source:
        Li et al. 2016, "A Diversity-Promoting Objective Function for Neural Conversation Models",
        section 5 (distinct-n).
    """

    vocabulary_size: int
    distinct_1: float
    distinct_2: float
    mean_length: float
    repeated_2grams: float
    broken_off: float
    novelty: float | None
    at_max_length: float | None
    odd_pairs: float | None
    odd_pairs_of_references: float | None
    odd_examples: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the fields by name, ready for JSON."""
        return asdict(self)


def measure_diversity(
    captions: Sequence[str],
    training_captions: Collection[str] | None = None,
    max_length: int | None = None,
    references: Collection[Sequence[str]] = (),
) -> Diversity:
    """Measure a set of captions.

    Args:
        captions: One an image.
        training_captions: What the system has learnt from.
        max_length: The most words that the system could write.
        references: What people wrote, for each image.

    Raises:
        ScoreError: There is no caption.
    """
    if not captions:
        raise ScoreError("nothing to measure: there are no captions")
    sentences = [tokenize(caption) for caption in captions]
    words = Counter(word for sentence in sentences for word in sentence)
    pairs_of_each = [list(pairwise(sentence)) for sentence in sentences]
    pairs = Counter(pair for of_one in pairs_of_each for pair in of_one)
    repeated = sum(len(of_one) - len(set(of_one)) for of_one in pairs_of_each)
    novelty = None
    usual = UsualPairs(training_captions or ())
    if training_captions is not None:
        known = {tuple(tokenize(caption)) for caption in training_captions}
        novelty = sum(tuple(sentence) not in known for sentence in sentences) / len(sentences)
    odd = Counter(" ".join(pair) for caption in captions for pair in usual.odd(caption))
    at_max_length = None
    if max_length is not None:
        at_max_length = sum(len(sentence) >= max_length for sentence in sentences) / len(sentences)
    return Diversity(
        vocabulary_size=len(words),
        distinct_1=_fraction(len(words), words.total()),
        distinct_2=_fraction(len(pairs), pairs.total()),
        mean_length=words.total() / len(sentences),
        repeated_2grams=_fraction(repeated, pairs.total()),
        broken_off=sum(bool(CALLS_FOR_MORE & set(sentence[-1:])) for sentence in sentences)
        / len(sentences),
        novelty=novelty,
        at_max_length=at_max_length,
        odd_pairs=usual.fraction(captions) if usual.can_tell else None,
        odd_pairs_of_references=_mean([usual.fraction(of_one) for of_one in references])
        if usual.can_tell
        else None,
        odd_examples=tuple(pair for pair, _ in odd.most_common(ODD_EXAMPLES)),
    )


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _fraction(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
