"""Checks a copy of UCF-101, or of some of its classes, and writes the lists of its splits.

    python data/ucf101/prepare.py DIR [--lists FOLDER]

The exit status is 0 where all is well and 1 where something is missing; README.md beside this file
has the layout.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from captioner.data.clips import ClipExample, group_of, read_clips
from captioner.data.preparation import Report, first_existing
from captioner.errors import DataError, InputError
from captioner.preprocess.video import read_clip
from captioner.progress import progress

# Counted in the release of October 2013: 13,320 clips, 101 classes, 25 groups of each, 4 to 7 clips
# of a group.
NUM_CLASSES, NUM_CLIPS, NUM_GROUPS = 101, 13_320, 25
# The authors' first split tests on groups 1 to 7. Of the others, four judge while a model is made.
TEST_GROUPS, VAL_GROUPS = range(1, 8), range(8, 12)

FOLDERS = ("UCF-101", ".")
PROBLEMS_SHOWN = 5
REMEDY = "see 'Where to get it' in data/ucf101/README.md"


def main(arguments: list[str] | None = None) -> int:
    """Check the folder that the command line names."""
    parser = argparse.ArgumentParser(description="Check a copy of UCF-101 and write its lists.")
    parser.add_argument("folder", type=Path, metavar="DIR", help="where the archive was unpacked")
    parser.add_argument(
        "--lists", type=Path, metavar="FOLDER", help="where the lists go (default: DIR)"
    )
    options = parser.parse_args(arguments)
    report = Report()
    try:
        examples = read_clips(first_existing(options.folder, FOLDERS) or options.folder)
    except DataError as error:
        report.problem(str(error), REMEDY)
        return report.exit_status()
    check(examples, report)
    write_lists(options.lists or options.folder, examples, report)
    return report.exit_status()


def check(examples: Sequence[ClipExample], report: Report) -> None:
    """Count the clips of each class, and look into each."""
    clips, groups = Counter(example.texts[0] for example in examples), dict[str, set[int]]()
    for example in examples:
        if (group := group_of(example.clip)) is None:
            report.problem(
                f"{example.clip.name}: no group in its name", "names are like v_Archery_g08_c01.avi"
            )
        else:
            groups.setdefault(example.texts[0], set()).add(group)
    if len(clips) == NUM_CLASSES:
        report.count("clips", len(examples), NUM_CLIPS, REMEDY)
    else:
        report.note(f"clips: {len(examples):,}, of {len(clips)} of the {NUM_CLASSES} classes")
        for label, count in sorted(clips.items()):
            report.note(
                f"{label}: {count} clips, {len(groups.get(label, ()))} of its {NUM_GROUPS} groups"
            )
    seconds, broken = 0.0, list[InputError]()
    with progress("opening", len(examples), "clips") as advance:
        for example in examples:
            try:
                seconds += read_clip(example.clip, (0.0, 1.0)).duration_s
            except InputError as error:
                broken.append(error)
            advance()
    for shown in broken[:PROBLEMS_SHOWN]:
        report.problem(str(shown), "unpack or download this clip again")
    report.note(
        f"clips opened: {len(examples):,}, of which {len(broken):,} are broken; {seconds / 60:.1f}"
        " minutes"
    )


def write_lists(folder: Path, examples: Sequence[ClipExample], report: Report) -> None:
    """Write train.txt, val.txt and test.txt by groups, as far as they are there.

    A list that is there is made anew.
    """
    groups = {
        "train": range(VAL_GROUPS.stop, NUM_GROUPS + 1),
        "val": VAL_GROUPS,
        "test": TEST_GROUPS,
    }
    for split, chosen in groups.items():
        clips = [example.clip for example in examples if group_of(example.clip) in chosen]
        if not clips:
            continue
        file = folder / f"{split}.txt"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file.write_text(
                "".join(f"{clip.parent.name}/{clip.name}\n" for clip in clips), encoding="utf-8"
            )
        except OSError as error:
            report.problem(
                f"{file} cannot be written ({error.strerror})", "name another folder by --lists"
            )
            return
        report.note(
            f"written: {file}, {len(clips):,} clips of the groups {chosen.start} to"
            f" {chosen.stop - 1}"
        )


if __name__ == "__main__":
    sys.exit(main())
