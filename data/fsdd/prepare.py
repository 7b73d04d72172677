"""Checks a copy of the Free Spoken Digit Dataset and writes the lists of its splits.

    python data/fsdd/prepare.py DIR [--lists FOLDER] [--leave-out SPEAKER]

The exit status is 0 where all is well and 1 where something is missing; README.md beside this file
has the layout.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from captioner.data.preparation import Report, first_existing
from captioner.data.speech_manifest import write_manifest
from captioner.data.spoken_digits import read_spoken_digits, take_of
from captioner.data.utterance import Utterance
from captioner.errors import InputError
from captioner.preprocess.audio import read_audio

# Counted in version 1.0.10: 3,000 recordings, 50 of each digit by each of six speakers.
TAKES_PER_DIGIT = 50
DIGITS = tuple("0123456789")
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
# The authors call takes 0 to 4 the test set, and all others the training set.
NUM_TEST_TAKES = 5

FOLDERS = ("recordings", ".")
SAMPLE_RATE_HZ = 8_000
PROBLEMS_SHOWN = 5
REMEDY = "see 'Where to get it' in data/fsdd/README.md"


def main(arguments: list[str] | None = None) -> int:
    """Check the folder that the command line names."""
    parser = argparse.ArgumentParser(
        description="Check a copy of the Free Spoken Digit Dataset and write its lists."
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="where the archive was unpacked")
    parser.add_argument(
        "--lists", type=Path, metavar="FOLDER", help="where train.csv and val.csv go (default: DIR)"
    )
    parser.add_argument(
        "--leave-out",
        metavar="SPEAKER",
        help="validate on this speaker (default: on takes 0 to 4 of all speakers)",
    )
    options = parser.parse_args(arguments)
    report = Report()
    folder = first_existing(options.folder, FOLDERS)
    utterances = read_spoken_digits(folder) if folder is not None else []
    speakers = sorted({one.speaker for one in utterances})
    if not utterances:
        report.problem(f"no recordings in {options.folder}, named like 7_george_0.wav", REMEDY)
    elif options.leave_out not in (None, *speakers):
        report.problem(
            f"there is no speaker {options.leave_out}", f"choose from {', '.join(speakers)}"
        )
    else:
        check(utterances, speakers, report)
        write_lists(options.lists or options.folder, utterances, options.leave_out, report)
    return report.exit_status()


def check(utterances: Sequence[Utterance], speakers: Sequence[str], report: Report) -> None:
    """Count the recordings of each speaker, and read each to its last sample."""
    if absent := [speaker for speaker in SPEAKERS if speaker not in speakers]:
        report.note(f"speakers: {', '.join(speakers)} (not there: {', '.join(absent)})")
    counts = Counter((one.speaker, one.text) for one in utterances)
    for speaker in speakers:
        found = sum(counts[speaker, digit] for digit in DIGITS)
        report.count(f"recordings of {speaker}", found, TAKES_PER_DIGIT * len(DIGITS), REMEDY)
    samples, broken = 0, list[InputError]()
    for one in utterances:
        try:
            samples += len(read_audio(one.audio, SAMPLE_RATE_HZ))
        except InputError as error:
            broken.append(error)
    for shown in broken[:PROBLEMS_SHOWN]:
        report.problem(str(shown), "unpack or download this recording again")
    minutes = samples / SAMPLE_RATE_HZ / 60
    report.note(
        f"recordings read: {len(utterances):,}, of which {len(broken):,} are broken; {minutes:.1f}"
        " minutes"
    )


def write_lists(
    folder: Path, utterances: Sequence[Utterance], leave_out: str | None, report: Report
) -> None:
    """Write train.csv and val.csv; one that is there already is made anew."""
    held_out = {
        one
        for one in utterances
        if (
            one.speaker == leave_out
            if leave_out is not None
            else take_of(one.audio) < NUM_TEST_TAKES
        )
    }
    for split in ("train", "val"):
        file = folder / f"{split}.csv"
        chosen = [one for one in utterances if (one in held_out) == (split == "val")]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_manifest(file, chosen)
        except OSError as error:
            report.problem(
                f"{file} cannot be written ({error.strerror})", "name another folder by --lists"
            )
            return
        report.note(f"written: {file}, {len(chosen):,} recordings")


if __name__ == "__main__":
    sys.exit(main())
