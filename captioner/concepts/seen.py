"""From a classifier's probabilities to what a photo shows: a few names, each with its probability."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from captioner.concepts.table import NUM_CLASSES, names

# A broader name has at least the probability of each name that it covers; it is taken where theirs is less than so much
# of its own.
BROAD_WEIGHT = 0.7
# Less likely ones are not spoken of.
MIN_PROBABILITY = 0.1
# So many names for each one wanted are looked at, as some share classes with a better one.
CONSIDERED = 4


@dataclass(frozen=True)
class Seen:
    """The likeliest names of each photo, best first.

    Attributes:
        name_ids: Their indexes in `table.names()`.
        probabilities: Each name's: the sum over its classes.
        mask: True where the name is likely enough to be spoken of.
        classes: Probability of each class.
    """

    name_ids: Int[Tensor, "batch names"]
    probabilities: Float[Tensor, "batch names"]
    mask: Bool[Tensor, "batch names"]
    classes: Float[Tensor, "batch classes"]

    def select(self, index: Int[Tensor, " selected"]) -> "Seen":
        """Return what the photos at `index` show."""
        return Seen(self.name_ids[index], self.probabilities[index], self.mask[index], self.classes[index])

    @staticmethod
    def join(parts: "Sequence[Seen]") -> "Seen":
        """Put the photos of several below one another."""
        fields = ((one.name_ids, one.probabilities, one.mask, one.classes) for one in parts)
        return Seen(*(torch.cat(several) for several in zip(*fields, strict=True)))

    def assured(self, name_ids: Sequence[int]) -> "Seen":
        """Return the same with some names that are surely there, behind the others."""
        added = torch.tensor(name_ids, device=self.name_ids.device).expand(len(self.name_ids), -1)
        return Seen(
            torch.cat([self.name_ids, added], 1),
            torch.cat([self.probabilities, self.probabilities.new_ones(added.shape)], 1),
            torch.cat([self.mask, self.mask.new_ones(added.shape)], 1),
            self.classes,
        )


def recognise(class_probabilities: Float[Tensor, "batch classes"], num_names: int) -> Seen:
    """Find the likeliest names of each photo.

    Of names that share classes, such as boat and canoe, only the one that fits best is taken: the broader one has the
    greater probability, but says less.
    """
    members, weights, overlaps = (table.to(class_probabilities.device) for table in _tables())
    probabilities = class_probabilities @ members.T
    scores, name_ids = (probabilities * weights).topk(min(CONSIDERED * num_names, len(members)), -1)
    # [batch, worse, better]
    beaten = overlaps[name_ids.unsqueeze(2), name_ids.unsqueeze(1)].tril(-1).any(2)
    scores, order = scores.masked_fill(beaten, 0).topk(num_names, -1)
    name_ids = name_ids.gather(1, order)
    chosen = probabilities.gather(1, name_ids)
    return Seen(name_ids, chosen, scores >= MIN_PROBABILITY, class_probabilities)


@cache
def _tables() -> tuple[Float[Tensor, "names classes"], Float[Tensor, " names"], Bool[Tensor, "names names"]]:
    """Return which classes a name has, what it weighs, and which names share classes."""
    members = torch.zeros(len(names()), NUM_CLASSES)
    for row, name in enumerate(names()):
        members[row, list(name.classes)] = 1
    weights = torch.tensor([BROAD_WEIGHT if name.is_broad else 1.0 for name in names()])
    return members, weights, members @ members.T > 0
