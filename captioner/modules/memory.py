"""Memory: the output of every encoder, and all that decoder and search know of the source."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from jaxtyping import Bool, Float, Int

from captioner.errors import ShapeError
from captioner.modules.arrays import Array, argsort, integers, library, take


@dataclass(frozen=True)
class GridLayout:
    """Positions are the cells of a photo, row by row.

    Attributes:
        height: Number of rows.
        width: Number of columns.
    """

    height: int
    width: int


@dataclass(frozen=True)
class TokenLayout:
    """Positions are the tokens of a sentence in their order, EOS last."""


@dataclass(frozen=True)
class TimeLayout:
    """Positions are moments of a recording, from its beginning on.

    Attributes:
        seconds_per_position: Time from one position to the next.
    """

    seconds_per_position: float


@dataclass(frozen=True)
class FrameLayout:
    """Positions are the frames of a clip in their order.

    Their times differ from clip to clip, so the clip holds them.
    """


@dataclass(frozen=True)
class DetectedConcepts:
    """The words detected in each photo.

    Attributes:
        probabilities: Probability of every word that the detector knows.
        word_ids: The words that tell most about each photo, best first; the decoder reads them as
            positions of the memory.
    """

    probabilities: Float[Array, "batch words"]
    word_ids: Int[Array, "batch concepts"]

    @classmethod
    def most_telling(
        cls,
        probabilities: Float[Array, "batch words"],
        frequencies: Float[Array, " words"],
        count: int,
    ) -> "DetectedConcepts":
        """Choose the words of each photo whose probability most exceeds their usual frequency.

        Words are ranked by their part of the relative entropy, p log(p / frequency). So giraffe
        comes before `a`, which all captions have. If there are fewer words than `count`, all are
        chosen.
        """
        # xlogy is 0 for a probability that was rounded to 0, where 0 log 0 would be NaN.
        told = probabilities.xlogy(probabilities / frequencies)
        return cls(probabilities, told.topk(min(count, told.shape[1]), -1).indices)

    def hinted(self, hint_ids: Sequence[int], odds: float) -> "DetectedConcepts":
        """Return what is detected given a hint, whose words become the last ones to be read.

        They take the places of the least telling words.

        Args:
            hint_ids: The words of the hint; at most as many as the decoder reads.
            odds: The factor by which the hint multiplies the odds of each of its words.
        """
        xp, ids = library(self.word_ids), integers(hint_ids, self.word_ids)
        probabilities = xp.asarray(self.probabilities, copy=True)
        before = probabilities[:, ids]
        probabilities[:, ids] = odds * before / (1 + (odds - 1) * before)
        others_first = argsort(xp.where(xp.isin(self.word_ids, ids), 1, 0))
        kept = take(self.word_ids, others_first, 1)[:, : self.word_ids.shape[1] - len(ids)]
        added = xp.broadcast_to(ids, (len(kept), len(ids)))
        return DetectedConcepts(probabilities, xp.concatenate([kept, added], 1))

    def select(self, index: Int[Array, " selected"]) -> "DetectedConcepts":
        """Return what was detected in the items at `index`."""
        return DetectedConcepts(self.probabilities[index], self.word_ids[index])

    @staticmethod
    def join(parts: "Sequence[DetectedConcepts]") -> "DetectedConcepts":
        """Concatenate the items of several batches."""
        xp = library(parts[0].word_ids)
        return DetectedConcepts(
            xp.concatenate([one.probabilities for one in parts]),
            xp.concatenate([one.word_ids for one in parts]),
        )


@dataclass(frozen=True)
class Memory:
    """What the decoder attends to.

    Attributes:
        keys: What a query is compared with, `[batch, source, dim]`.
        values: What is averaged, `[batch, source, dim]`; image encoders pass the same tensor twice.
        mask: True where a position is real, `[batch, source]`.
        layout: How to draw a position; only drawing uses it.
        concepts: The words detected in a photo, whose positions follow those of `layout`; None from
            an encoder that detects none.
        others: The memories of the same items from the other models of an ensemble.

    Raises:
        ShapeError: Keys, values and mask differ in batch or source.
    """

    keys: Float[Array, "batch source dim"]
    values: Float[Array, "batch source dim"]
    mask: Bool[Array, "batch source"]
    layout: GridLayout | TokenLayout | TimeLayout | FrameLayout
    concepts: DetectedConcepts | None = None
    others: tuple["Memory", ...] = ()

    def __post_init__(self) -> None:
        if not self.keys.shape[:2] == self.values.shape[:2] == self.mask.shape:
            shapes = (
                f"keys {tuple(self.keys.shape)}, values {tuple(self.values.shape)}, mask"
                f" {tuple(self.mask.shape)}"
            )
            raise ShapeError(f"memory: batch and source must agree: {shapes}")

    def __len__(self) -> int:
        """Return the number of items in the batch."""
        return len(self.keys)

    def with_concepts(
        self, concepts: DetectedConcepts, embedded: Float[Array, "batch concepts dim"]
    ) -> "Memory":
        """Return the memory with other words at its last positions, as the encoder embeds them."""
        values = library(embedded).concatenate(
            [self.values[:, : self.values.shape[1] - embedded.shape[1]], embedded], 1
        )
        return replace(self, keys=values, values=values, concepts=concepts)

    def select(self, index: Int[Array, " selected"]) -> "Memory":
        """Return the memory of the items at `index`, which may repeat."""
        concepts = None if self.concepts is None else self.concepts.select(index)
        others = tuple(memory.select(index) for memory in self.others)
        keys, values, mask = self.keys[index], self.values[index], self.mask[index]
        return replace(self, keys=keys, values=values, mask=mask, concepts=concepts, others=others)

    @staticmethod
    def join(parts: "Sequence[Memory]") -> "Memory":
        """Stack the items of several memories of one layout; all have equally many positions."""
        keys, values, mask = map(
            library(parts[0].keys).concatenate,
            zip(*((one.keys, one.values, one.mask) for one in parts), strict=True),
        )
        detected = [one.concepts for one in parts if one.concepts is not None]
        concepts = DetectedConcepts.join(detected) if detected else None
        others = tuple(map(Memory.join, zip(*(one.others for one in parts), strict=True)))
        return replace(
            parts[0], keys=keys, values=values, mask=mask, concepts=concepts, others=others
        )

    def beside(self, other: "Memory") -> "Memory":
        """Return a memory of the same items with the positions of another memory after its own.

        The layout is that of the first positions. Concepts are left out, since theirs must be last.
        """
        keys, values, mask = (
            library(mine).concatenate([mine, its], 1)
            for mine, its in zip(
                (self.keys, self.values, self.mask),
                (other.keys, other.values, other.mask),
                strict=True,
            )
        )
        return Memory(keys=keys, values=values, mask=mask, layout=self.layout)

    def mean(self) -> Float[Array, "batch dim"]:
        """Return the mean value over the real positions."""
        weights = self.mask.unsqueeze(-1).to(self.values.dtype)
        return (self.values * weights).sum(1) / weights.sum(1).clamp(min=1)
