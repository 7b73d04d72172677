"""Reads recordings that are named `DIGIT_SPEAKER_TAKE`, as in the Free Spoken Digit Dataset."""

import re
from pathlib import Path

from captioner.data.utterance import Utterance
from captioner.preprocess.kinds import is_recording_name

NAME = re.compile(r"(?P<digit>\d)_(?P<speaker>.+)_(?P<take>\d+)")


def read_spoken_digits(folder: Path) -> list[Utterance]:
    """Read all recordings of a folder that are named in this way; their text is the digit.

    Source:
        Jackson et al. 2018, "Free Spoken Digit Dataset", doi:10.5281/zenodo.1342401.
    """
    utterances = []
    for file in sorted(folder.iterdir()):
        name = NAME.fullmatch(file.stem)
        if name is not None and is_recording_name(file.name):
            utterances.append(Utterance(file, name["digit"], name["speaker"]))
    return utterances


def take_of(file: Path) -> int:
    """Return a recording's take, counted from 0."""
    return int(file.stem.rpartition("_")[2])
