"""How captions speak of what a classifier sees in their photos: what it mistakes there, and what they pass over."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from captioner.concepts.seen import Seen
from captioner.concepts.table import names, words

LONGEST = 3  # words of a noun, as in ping pong ball
# A name that no training photo seemed to show is mentioned so often where it is seen, and so many photos outweigh that.
EXPECTED = 0.7
PHOTOS = 5
# A name that is expected in a smaller share of captions is not written.
WORTH_WRITING = 0.2
# In so many training photos a name is half as odd to write as one that was never seen.
FAMILIAR = 600


@dataclass(frozen=True)
class Habits:
    """What becomes of a name that the classifier sees.

    Attributes:
        mentioned: The share of captions that mention it.
        bonus: In nats: what a decoder that finds it odd to write lacks; next to nothing where captions often showed
            how it is written.
    """

    mentioned: Float[Tensor, " names"]
    bonus: Float[Tensor, " names"]

    def worth(self, seen: Seen) -> Float[Tensor, "batch names"]:
        """Return how likely each name of photos is there and worth a word; 0 where it is not worth one.

        What is surely there is worth one anyway. Else counts the square root of the share that mentions it: half of
        what captions pass over the decoder, which sees the same photo, would pass over by itself.
        """
        mentioned = self.mentioned.to(seen.probabilities.device)[seen.name_ids]
        is_worth = (seen.probabilities * mentioned >= WORTH_WRITING) | (seen.probabilities == 1)
        return seen.probabilities * mentioned.sqrt() * (seen.mask & is_worth)


def habits(counts: Mapping[str, Sequence[float]], bonus: float) -> Habits:
    """Say how much to trust each name, and how much to favour it.

    Args:
        counts: For each name the number of training photos in which it was seen, and the sum over them of the share of
            captions that mention it.
        bonus: For a name that was never seen in training.
    """
    photos, mentioned = (torch.tensor([counts.get(name.text, (0, 0))[at] for name in names()]) for at in (0, 1))
    share = (mentioned + PHOTOS * EXPECTED) / (photos + PHOTOS)
    return Habits(share, bonus * FAMILIAR / (photos + FAMILIAR))


def mentioned_classes(caption: Sequence[str]) -> frozenset[int]:
    """Return the classes for which some words of a caption can stand."""
    runs = (" ".join(caption[at : at + length]) for at in range(len(caption)) for length in range(1, LONGEST + 1))
    return frozenset(index for run in runs if run in words() for index in words()[run][0])


class HabitCounter:
    """Counts, photo by photo, which of the names that were seen their captions mention.

    Attributes:
        counts: As `habits` takes them.
    """

    def __init__(self) -> None:
        self.counts: dict[str, list[float]] = {}

    def add(self, name_ids: Iterable[int], captions: Sequence[Sequence[str]]) -> None:
        """Count one photo.

        Args:
            name_ids: The names that were seen.
            captions: The words of each of its captions.
        """
        mentioned = [mentioned_classes(caption) for caption in captions]
        for name_id in name_ids:
            name = names()[name_id]
            count = self.counts.setdefault(name.text, [0, 0])
            count[0] += 1
            count[1] += sum(not classes.isdisjoint(name.classes) for classes in mentioned) / len(captions)
