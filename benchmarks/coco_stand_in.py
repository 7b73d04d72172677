"""Makes a stand-in for COCO at its full size, for measurements where its photos are not at hand.

    python benchmarks/coco_stand_in.py DIR --photos FOLDER --texts FILE... [--seed 0] [--release
    2014]

DIR gets the layout of data/coco/README.md: 123,287 links to the photos of a folder, taken again and
again under COCO's names, and `dataset_coco.json` and the annotations of 2014 and 2017 in their real
length, fields and range of numbers. Captions are drawn from the texts, one a line (a number and a
tab before a text are left out), so they tell nothing of the photos. No photo stands for one to
train on and one to validate on. The same seed gives the same files.
"""

import argparse
import itertools
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from captioner.batch import find_photos
from captioner.training.dataset import read_texts

# Photos of each part, and how many of them have six captions; all others have five. Together
# 616,767 captions.
PARTS = {"train": (82_783, 198), "restval": (30_504, 114), "val": (5_000, 10), "test": (5_000, 10)}
VAL2017 = (
    5_000,
    14,
)  # photos of `restval` that are validation photos in 2017, and those of six captions among them
GREATEST_ID = 581_929
NUM_KINDS = 4


@dataclass(frozen=True)
class Photo:
    """A photo of the stand-in.

    Attributes:
        image_id: Its number.
        part: Of Karpathy's split.
        captions: The number of each, and its text.
        validates_2017: Whether it is one of val2017.
    """

    image_id: int
    part: str
    captions: list[tuple[int, str]]
    validates_2017: bool

    @property
    def kind(self) -> int:
        """Photos that a release or a split tells apart are of different kinds."""
        return (
            3 if self.validates_2017 else {"train": 0, "restval": 1, "val": 2, "test": 2}[self.part]
        )

    def name(self, release: int) -> str:
        """Return folder and file, as a release calls them."""
        if release == 2014:
            folder = "train2014" if self.part == "train" else "val2014"
            return f"{folder}/COCO_{folder}_{self.image_id:012d}.jpg"
        return f"{'val2017' if self.validates_2017 else 'train2017'}/{self.image_id:012d}.jpg"


def draw_photos(texts: Sequence[str], seed: int, shrink: int = 1) -> list[Photo]:
    """Number the photos and draw their captions; `shrink` divides all counts."""
    chance = random.Random(seed)
    num_photos = sum(count // shrink for count, _ in PARTS.values())
    image_ids = iter(chance.sample(range(1, GREATEST_ID + 1), num_photos))
    photos: list[Photo] = []
    num_captions = 0
    for part, (count, with_six) in PARTS.items():
        count, with_six = count // shrink, with_six // shrink
        moved, moved_with_six = VAL2017[0] // shrink, VAL2017[1] // shrink
        for place in range(count):
            several = chance.choices(texts, k=5 + (place < with_six))
            moves = part == "restval" and (
                place < moved_with_six or count - place <= moved - moved_with_six
            )
            photos.append(
                Photo(next(image_ids), part, list(enumerate(several, num_captions)), moves)
            )
            num_captions += len(several)
    chance.shuffle(photos)
    return photos


def annotations(photos: Sequence[Photo], release: int) -> dict[str, Any]:
    """Return the official annotations of some photos."""
    images = []
    for photo in photos:
        folder, _, name = photo.name(release).partition("/")
        images.append(
            {
                "license": 3,
                "file_name": name,
                "coco_url": f"http://images.cocodataset.org/{folder}/{name}",
                "height": 480,
                "width": 640,
                "date_captured": "2013-11-14 16:28:13",
                "flickr_url": f"http://farm5.staticflickr.com/4153/{photo.image_id:010d}_bdee5c19b7_z.jpg",
                "id": photo.image_id,
            }
        )
    captions = [
        {"image_id": photo.image_id, "id": number, "caption": text}
        for photo in photos
        for number, text in photo.captions
    ]
    about = {"description": f"a stand-in for COCO {release}", "version": "1.0", "year": release}
    return {"info": about, "images": images, "licenses": [], "annotations": captions}


def karpathy(photos: Sequence[Photo]) -> dict[str, Any]:
    """Return Karpathy's split of the photos."""
    images = []
    for number, photo in enumerate(photos):
        folder, _, name = photo.name(2014).partition("/")
        sentences = [
            {
                "tokens": "".join(
                    sign for sign in text.lower() if sign.isalnum() or sign == " "
                ).split(),
                "raw": text,
                "imgid": number,
                "sentid": caption,
            }
            for caption, text in photo.captions
        ]
        images.append(
            {
                "filepath": folder,
                "sentids": [caption for caption, _ in photo.captions],
                "filename": name,
                "imgid": number,
                "split": photo.part,
                "sentences": sentences,
                "cocoid": photo.image_id,
            }
        )
    return {"images": images, "dataset": "coco"}


def make(
    folder: Path,
    links_to: Path,
    texts: Sequence[Path],
    seed: int,
    release: int = 2014,
    shrink: int = 1,
) -> None:
    """Write the stand-in.

    Args:
        folder: Where; it is made where it is not there.
        links_to: Folder of the photos that are linked to, at least four.
        texts: Files of captions.
        seed: Of the numbers and the captions.
        release: Whose names the links have, 2014 or 2017.
        shrink: By what all counts are divided.
    """
    photos = draw_photos([text for file in texts for text in read_texts(file)], seed, shrink)
    (folder / "annotations").mkdir(parents=True, exist_ok=True)
    (folder / "dataset_coco.json").write_text(json.dumps(karpathy(photos)), encoding="utf-8")
    for year in (2014, 2017):
        for split in ("train", "val"):
            chosen = [photo for photo in photos if photo.name(year).startswith(split)]
            file = folder / "annotations" / f"captions_{split}{year}.json"
            file.write_text(json.dumps(annotations(chosen, year)), encoding="utf-8")
            (folder / f"{split}{release}").mkdir(exist_ok=True)
    found = find_photos([links_to.resolve()]).on_disk
    targets = [itertools.cycle(found[kind::NUM_KINDS]) for kind in range(NUM_KINDS)]
    for photo in photos:
        link = folder / photo.name(release)
        link.unlink(missing_ok=True)
        link.symlink_to(next(targets[photo.kind]))


def main() -> None:
    """Make it where the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument(
        "--photos", type=Path, required=True, metavar="FOLDER", help="photos that are linked to"
    )
    parser.add_argument(
        "--texts", type=Path, nargs="+", required=True, metavar="FILE", help="captions, one a line"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--release", type=int, choices=(2014, 2017), default=2014, help="whose names the links have"
    )
    options = parser.parse_args()
    make(options.folder, options.photos, options.texts, options.seed, options.release)


if __name__ == "__main__":
    main()
