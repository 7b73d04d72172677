"""Turns sentences into the padded token ids that the text encoder reads."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from captioner.preprocess.typography import Reading
from captioner.preprocess.verbatim import StandIn, Trial

CLAUSE_ENDS = ".,;:!?…)"  # a sentence that is too long is preferably cut after one of these


@dataclass(frozen=True)
class Piece:
    """A text that a model translates at once: a sentence, or a part of one that is too long.

    Attributes:
        reading: What the model reads; its columns number the words of the whole sentence.
        start: The number of the piece's first word in the sentence, counted from 0.
        end: The number of the word after its last; a word that is cut belongs to both pieces.
        stand_ins: The words of the reading that stand for something that is copied.
    """

    reading: Reading
    start: int
    end: int
    stand_ins: tuple[StandIn, ...] = ()


@dataclass(frozen=True)
class SourceTokens:
    """Sentences as token ids.

    Attributes:
        token_ids: Padded at the end, `[batch, source]`.
        mask: True where a token is real, `[batch, source]`.
    """

    token_ids: Int[Tensor, "batch source"]
    mask: Bool[Tensor, "batch source"]

    def __len__(self) -> int:
        """Return the number of sentences."""
        return len(self.token_ids)

    def to(self, device: torch.device) -> "SourceTokens":
        """Return the sentences on another device."""
        return SourceTokens(self.token_ids.to(device), self.mask.to(device))


@dataclass(frozen=True)
class IllustratedSentences:
    """Sentences, and the photos that some of them have.

    Attributes:
        sentences: The sentences as token ids.
        photos: Each photo once, as pixels or as features of a frozen backbone; None if there are
            none.
        numbers: The number of each sentence's photo, -1 for a sentence without one.
    """

    sentences: SourceTokens
    photos: Float[Tensor, "photos _ _ _"] | None
    numbers: Int[Tensor, " batch"]

    def __len__(self) -> int:
        """Return the number of sentences."""
        return len(self.sentences)

    def to(self, device: torch.device) -> "IllustratedSentences":
        """Return the sentences and photos on another device."""
        photos = None if self.photos is None else self.photos.to(device)
        return IllustratedSentences(self.sentences.to(device), photos, self.numbers.to(device))


def pad_sources(sentences: Sequence[Sequence[int]], eos_id: int, pad_id: int) -> SourceTokens:
    """End each sentence with EOS and pad it to the longest one.

    Args:
        sentences: Token ids without BOS and EOS; one may be empty.
        eos_id: The token that ends each sentence, so even an empty one has a position to attend to.
        pad_id: The token that fills the rest of a row.
    """
    longest = max((len(ids) for ids in sentences), default=0) + 1
    token_ids = torch.full((len(sentences), longest), pad_id)
    lengths = torch.tensor([len(ids) + 1 for ids in sentences])
    for row, ids in enumerate(sentences):
        token_ids[row, : len(ids) + 1] = torch.tensor([*ids, eos_id])
    return SourceTokens(token_ids, torch.arange(longest) < lengths.unsqueeze(1))


def split_text(text: str, fits: Callable[[str], bool]) -> list[str]:
    """Cut a text that does not fit near its middle, after a clause or else between words.

    Its halves are cut again until all pieces fit. A single word is cut in its middle.

    Args:
        text: Any text.
        fits: Whether a text is short enough.

    Returns:
        The pieces in their order, or the text itself if it fits.
    """
    if fits(text) or len(text) < 2:
        return [text]
    return [piece for half in _halves(text) for piece in split_text(half, fits)]


def cut_reading(trial: Trial, num_words: int, fits: Callable[[str], bool]) -> list[Piece]:
    """Cut the reading of a sentence into pieces that fit.

    Args:
        trial: The reading, of at least one word.
        num_words: Number of words of the sentence.
        fits: Whether a text is short enough.
    """
    text, found, end, num_read = trial.reading.text, [], 0, 0
    for part in split_text(text, fits):
        start = text.index(part, end)
        # If the cut went through a word, the word belongs to both pieces.
        first = num_read - (start > 0 and not text[start - 1].isspace())
        words = tuple(part.split())
        inside = [one for one in trial.stand_ins if first <= one.word < first + len(words)]
        stand_ins = tuple(replace(one, word=one.word - first) for one in inside)
        columns = trial.reading.columns[first : first + len(words)]
        found.append((replace(trial.reading, words=words, columns=columns), stand_ins))
        end, num_read = start + len(part), first + len(words)
    starts = [0, *(reading.columns[0] for reading, _ in found[1:])]
    ends = [*(reading.columns[-1] + 1 for reading, _ in found[:-1]), num_words]
    return [
        Piece(reading, start, end, stand_ins)
        for (reading, stand_ins), start, end in zip(found, starts, ends, strict=True)
    ]


def _halves(text: str) -> list[str]:
    """Cut a text at the white space nearest to its middle, or in the middle of its only word.

    White space after the end of a clause counts as nearer by a quarter of the text's length.
    """
    middle = len(text) // 2
    spaces = [match.span() for match in re.finditer(r"(?<=\S)\s+(?=\S)", text)]
    if not spaces:
        return [text[:middle], text[middle:]]
    nearer = len(text) // 4
    end, start = min(
        spaces,
        key=lambda space: abs(space[0] - middle) - nearer * (text[space[0] - 1] in CLAUSE_ENDS),
    )
    return [text[:end], text[start:]]
