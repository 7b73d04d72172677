"""From sentences to the padded token ids that the text encoder reads."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Int
from torch import Tensor

# White space behind a sentence's end, with the quotes and brackets that may close there.
SENTENCE_BREAK = re.compile(r"""(?<=[.!?…。])\s+|(?<=[.!?…]["'”’»)\]])\s+""")


@dataclass(frozen=True)
class SourceTokens:
    """Sentences as token ids.

    Attributes:
        token_ids: Padded behind, `[batch, source]`.
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


def pad_sources(sentences: Sequence[Sequence[int]], eos_id: int, pad_id: int) -> SourceTokens:
    """End each sentence with EOS and pad it to the longest one.

    Args:
        sentences: Token ids without BOS and EOS; one may be empty.
        eos_id: Ends each sentence, so that even an empty one has something to attend to.
        pad_id: Fills the rest of a row.
    """
    longest = max((len(ids) for ids in sentences), default=0) + 1
    token_ids = torch.full((len(sentences), longest), pad_id)
    lengths = torch.tensor([len(ids) + 1 for ids in sentences])
    for row, ids in enumerate(sentences):
        token_ids[row, : len(ids) + 1] = torch.tensor([*ids, eos_id])
    return SourceTokens(token_ids, torch.arange(longest) < lengths.unsqueeze(1))


def split_text(text: str, fits: Callable[[str], bool]) -> list[str]:
    """Cut a text that does not fit: at its sentence ends, and a sentence that still does not in the middle.

    Args:
        text: Any text.
        fits: Whether a text is short enough.

    Returns:
        The pieces in their order, or the text itself where it fits.
    """
    if fits(text) or len(text) < 2:
        return [text]
    parts = [part for part in SENTENCE_BREAK.split(text) if part]
    if len(parts) < 2:
        parts = _halves(text)
    return [piece for part in parts for piece in split_text(part, fits)]


def _halves(text: str) -> list[str]:
    """Cut at the white space nearest to the middle, or in the middle of a word as long as the text."""
    middle = len(text) // 2
    spaces = [match.span() for match in re.finditer(r"(?<=\S)\s+(?=\S)", text)]
    if not spaces:
        return [text[:middle], text[middle:]]
    end, start = min(spaces, key=lambda space: abs(space[0] - middle))
    return [text[:end], text[start:]]
