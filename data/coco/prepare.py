"""Checks a copy of COCO with Karpathy's split and writes the lists of its splits.

    python data/coco/prepare.py DIR [--check-images]

The exit status is 0 where all is well and 1 where something is missing; README.md beside this file
has the layout.
"""

import argparse
import sys
from pathlib import Path

from captioner.data.examples import COCO_FOLDERS, read_captions, select_split
from captioner.data.preparation import Report, first_existing, write_split_lists
from captioner.errors import AnnotationError, EmptyDataError

# Of 123,287 photos: 82,783 of train2014 and 40,504 of val2014. `train` counts the 30,504 of
# `restval`. A photo has five captions, some have six or seven: 616,767 in all.
NUM_PHOTOS = {"train": 113_287, "val": 5_000, "test": 5_000}
NUM_CAPTIONS = 616_767

CAPTIONS = (
    "dataset_coco.json",
    "annotations/dataset_coco.json",
    "caption_datasets/dataset_coco.json",
)
REMEDY = "see 'Where to get it' in data/coco/README.md"


def main(arguments: list[str] | None = None) -> int:
    """Check the folder that the command line names."""
    parser = argparse.ArgumentParser(
        description="Check a copy of COCO and write the lists of Karpathy's split."
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="where the archives were unpacked")
    parser.add_argument(
        "--check-images", action="store_true", help="open every photo as well (about half an hour)"
    )
    options = parser.parse_args(arguments)
    report = Report()
    captions, images = first_existing(options.folder, CAPTIONS), image_root(options.folder)
    if captions is None:
        report.problem(f"no split in {options.folder} (looked for {', '.join(CAPTIONS)})", REMEDY)
    if images is None:
        report.problem(
            f"no photos in {options.folder} (looked for {', '.join(COCO_FOLDERS)}, also in images)",
            REMEDY,
        )
    if captions and images:
        report.note(f"captions: {captions}")
        report.note(f"photos: {images}")
        check(options.folder, captions, images, options.check_images, report)
    return report.exit_status()


def image_root(folder: Path) -> Path | None:
    """Find the folder that holds train2014 and val2014, or train2017 and val2017."""
    return next(
        (root for root in (folder, folder / "images") if first_existing(root, COCO_FOLDERS)), None
    )


def check(folder: Path, captions: Path, images: Path, check_images: bool, report: Report) -> None:
    """Check the counts and the photos of each split, and write the lists that are not there."""
    try:
        examples = read_captions(captions, images)
        splits = {split: select_split(examples, None, split) for split in NUM_PHOTOS}
    except (AnnotationError, EmptyDataError) as error:
        report.problem(str(error), REMEDY)
        return
    for split, chosen in splits.items():
        report.count(f"{split} photos", len(chosen), NUM_PHOTOS[split], REMEDY)
    report.count("captions", sum(len(each.captions) for each in examples), NUM_CAPTIONS, REMEDY)
    report.images(examples, REMEDY, opened=check_images)
    write_split_lists(folder, splits, report)


if __name__ == "__main__":
    sys.exit(main())
