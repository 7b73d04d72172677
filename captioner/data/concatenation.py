"""Draws concatenated utterances: several texts of one speaker, with the recordings of each."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from captioner.data.utterance import Utterance


@dataclass(frozen=True)
class ConcatenatedUtterance:
    """Texts of one speaker in a row.

    Attributes:
        text: All of them.
        takes: The recordings of each text, any of which may be used.
    """

    text: str
    takes: tuple[tuple[Path, ...], ...]


def single_utterances(utterances: Sequence[Utterance]) -> list[ConcatenatedUtterance]:
    """Let each recording stand alone."""
    return [ConcatenatedUtterance(one.text, ((one.audio,),)) for one in utterances]


def concatenate_utterances(
    utterances: Sequence[Utterance], num_concatenated: int, max_concatenated: int, seed: int
) -> list[ConcatenatedUtterance]:
    """Draw rows of 1 to `max_concatenated` texts.

    All lengths are equally likely, and so are all speakers and all texts of a speaker.

    Args:
        utterances: Recordings; those of one speaker with the same text are interchangeable.
        num_concatenated: Number of rows to draw.
        max_concatenated: The most texts of one row.
        seed: Seed of the draws; each row depends only on it and the row's number.
    """
    takes: defaultdict[str, defaultdict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))
    for one in utterances:
        takes[one.speaker][one.text].append(one.audio)
    speakers = sorted(takes)
    concatenated = []
    for number in range(num_concatenated):
        rng = np.random.default_rng([seed, number])
        spoken = takes[speakers[rng.integers(len(speakers))]]
        texts = sorted(spoken)
        chosen = [
            texts[index]
            for index in rng.integers(len(texts), size=rng.integers(1, max_concatenated + 1))
        ]
        concatenated.append(
            ConcatenatedUtterance(" ".join(chosen), tuple(tuple(spoken[text]) for text in chosen))
        )
    return concatenated
