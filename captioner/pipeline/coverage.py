"""Tells whether a translation may lack a part of its source, by length and unattended words."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from captioner.pipeline.result import Candidate

# Characters of the translation for each one of the source. Among Multi30k's 29,000 training pairs
# each into German and French, 1 in 10,000 has a ratio below 0.52 (German) or 0.62 (French); the
# greatest ratios are 2.30 and 2.28.
LEAST_RATIO, MOST_RATIO = 0.5, 2.4
SPARE_LETTERS = 10  # a tolerance in characters, since the ratio varies more in short sentences

# A source word counts as unattended if its attention adds up to less than 0.1. On 150 validation
# sentences, half had no such word; the greatest share of them in a sentence was 0.23 into German
# and 0.33 into French.
UNATTENDED = 0.1
MOST_UNATTENDED = 1 / 3
FEWEST_WORDS = 4  # in a shorter sentence, one word would be a third or more


def is_doubtful(candidate: "Candidate", source: str) -> bool:
    """Tell whether the translation of a sentence may omit something of it or add something to it.

    It counts as doubtful if its length is less than half or more than 2.4 times the source's, with
    a tolerance of 10 characters, or if a third or more of the source's words, of four at least, got
    almost no attention.
    """
    length = len(candidate.text)
    if (
        not LEAST_RATIO * len(source) - SPARE_LETTERS
        <= length
        <= MOST_RATIO * len(source) + SPARE_LETTERS
    ):
        return True
    num_words = candidate.attention.shape[1] if candidate.words else 0
    return num_words >= FEWEST_WORDS and bool(
        (candidate.attention.sum(0) < UNATTENDED).mean() >= MOST_UNATTENDED
    )
