"""Checks a copy of Flickr8k and writes the lists of its training, validation and test photos.

    python data/flickr8k/prepare.py DIR [--check-images]

The exit status is 0 where all is well and 1 where something is missing; README.md beside this file
has the layout.
"""

import argparse
import sys
from pathlib import Path

from captioner.data.examples import CaptionExample, read_captions, select_split
from captioner.data.preparation import Report, first_existing, write_split_lists
from captioner.errors import AnnotationError, EmptyDataError

# Counted in Flickr8k.token.txt: 40,460 lines, five for each of 8,092 names, of which the archive of
# photos holds 8,091: 2258277193_586949ec62.jpg.1 is not there, and no list names it. The three
# lists leave 91 of the others out.
CAPTIONS_PER_PHOTO = 5
NUM_PHOTOS = {"train": 6_000, "val": 1_000, "test": 1_000}

CAPTIONS = (
    "Flickr8k.token.txt",
    "Flickr8k_text/Flickr8k.token.txt",
    "captions.txt",
    "dataset_flickr8k.json",
)
# The archive's folder is really spelled Flicker8k.
IMAGES = (
    "Flicker8k_Dataset",
    "Flickr8k_Dataset/Flicker8k_Dataset",
    "Flickr8k_Dataset",
    "Images",
    "images",
)
LISTS = {
    "train": ("train.txt", "Flickr_8k.trainImages.txt", "Flickr8k_text/Flickr_8k.trainImages.txt"),
    "val": ("val.txt", "Flickr_8k.devImages.txt", "Flickr8k_text/Flickr_8k.devImages.txt"),
    "test": ("test.txt", "Flickr_8k.testImages.txt", "Flickr8k_text/Flickr_8k.testImages.txt"),
}
REMEDY = "see 'Where to get it' in data/flickr8k/README.md"


def main(arguments: list[str] | None = None) -> int:
    """Check the folder that the command line names."""
    parser = argparse.ArgumentParser(
        description="Check a copy of Flickr8k and write its lists of photos."
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="where the archives were unpacked")
    parser.add_argument(
        "--check-images", action="store_true", help="open every photo as well (about a minute)"
    )
    options = parser.parse_args(arguments)
    report = Report()
    captions, images = (
        first_existing(options.folder, CAPTIONS),
        first_existing(options.folder, IMAGES),
    )
    if captions is None:
        report.problem(
            f"no captions in {options.folder} (looked for {', '.join(CAPTIONS)})", REMEDY
        )
    if images is None:
        report.problem(f"no photos in {options.folder} (looked for {', '.join(IMAGES)})", REMEDY)
    if captions and images:
        report.note(f"captions: {captions}")
        report.note(f"photos: {images}")
        check(options.folder, captions, images, options.check_images, report)
    return report.exit_status()


def check(folder: Path, captions: Path, images: Path, check_images: bool, report: Report) -> None:
    """Check the counts and the photos of each split, and write the lists that are not there."""
    try:
        examples = read_captions(captions, images)
    except (AnnotationError, EmptyDataError) as error:
        report.problem(str(error), REMEDY)
        return
    splits = {split: select(folder, split, examples, report) for split in NUM_PHOTOS}
    for split, chosen in splits.items():
        if chosen:
            report.count(f"{split} photos", len(chosen), NUM_PHOTOS[split], REMEDY)
    used = [example for chosen in splits.values() for example in chosen]
    if doubled := len(used) - len({example.image_id for example in used}):
        report.problem(
            f"{doubled} photos stand in two lists", "take all three lists from one source"
        )
    report.count(
        "captions", sum(len(each.captions) for each in used), CAPTIONS_PER_PHOTO * len(used), REMEDY
    )
    report.images(used, REMEDY, opened=check_images)
    write_split_lists(folder, splits, report)


def select(
    folder: Path, split: str, examples: list[CaptionExample], report: Report
) -> list[CaptionExample]:
    """Choose a split by its list, or by what Karpathy's JSON says."""
    names = first_existing(folder, LISTS[split])
    if names is None and not any(example.split for example in examples):
        report.problem(
            f"no list of the {split} photos (looked for {', '.join(LISTS[split])})", REMEDY
        )
        return []
    try:
        return select_split(examples, names, split)
    except (AnnotationError, EmptyDataError) as error:
        report.problem(str(error), REMEDY)
        return []


if __name__ == "__main__":
    sys.exit(main())
