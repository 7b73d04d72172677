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
        takes: For each of them the recordings of it, of which any one may be heard.
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
        utterances: Recordings; those of one speaker with the same text may stand for one another.
        num_concatenated: How many rows are drawn.
        max_concatenated: The most texts of one row.
        seed: What is drawn comes from it and the row's number alone.
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
