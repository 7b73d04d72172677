"""Recordings to strings: which words of one speaker are said in a row, and which recordings can say each."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from captioner.data.utterance import Utterance


@dataclass(frozen=True)
class String:
    """Texts of one speaker in a row.

    Attributes:
        text: All of them.
        takes: For each of them the recordings of it, of which any one may be heard.
    """

    text: str
    takes: tuple[tuple[Path, ...], ...]


def as_strings(utterances: Sequence[Utterance]) -> list[String]:
    """Let each recording be a string of its own."""
    return [String(one.text, ((one.audio,),)) for one in utterances]


def draw_strings(utterances: Sequence[Utterance], num_strings: int, max_joined: int, seed: int) -> list[String]:
    """Draw strings of 1 to `max_joined` texts; all lengths, all speakers and all texts of a speaker are as likely.

    Args:
        utterances: Recordings; those of one speaker with the same text may stand for one another.
        num_strings: How many are drawn.
        max_joined: The most texts of one.
        seed: All chance comes from it and the string's number.
    """
    takes: defaultdict[str, defaultdict[str, list[Path]]] = defaultdict(lambda: defaultdict(list))
    for one in utterances:
        takes[one.speaker][one.text].append(one.audio)
    speakers = sorted(takes)
    strings = []
    for number in range(num_strings):
        chance = np.random.default_rng([seed, number])
        spoken = takes[speakers[chance.integers(len(speakers))]]
        texts = sorted(spoken)
        chosen = [texts[index] for index in chance.integers(len(texts), size=chance.integers(1, max_joined + 1))]
        strings.append(String(" ".join(chosen), tuple(tuple(spoken[text]) for text in chosen)))
    return strings
