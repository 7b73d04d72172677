"""Flickr8k's captions and, of its training photos, those that a model wrote.

    captioner caption FLICKR8K/images --num-captions 4 --output written.jsonl
    python data/flickr8k/more_captions.py FLICKR8K written.jsonl both.csv

A model that learns from both learns from its teacher too: README.md beside this file has the commands. Photos that
validate or test get none of these captions. The exit status is 0, and 1 where a file is missing or cannot be written.
"""

import argparse
import csv
import sys
from pathlib import Path

from captioner.data.examples import read_captions
from captioner.data.json_lines import read_json_lines
from captioner.data.parallel_text import read_lines
from captioner.data.text_file import read_text
from captioner.errors import AnnotationError, CaptionerError
from captioner.outputs.disk import check_place


def main(given: list[str] | None = None) -> int:
    """Write the captions."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("flickr8k", type=Path, help="with captions.txt and train.txt")
    parser.add_argument("written", type=Path, help="what `captioner caption` wrote about its photos, as JSON lines")
    parser.add_argument("output", type=Path, help="a table of captions, .csv")
    arguments = parser.parse_args(given)
    try:
        examples = read_captions(arguments.flickr8k / "captions.txt", arguments.flickr8k / "images")
        photos = set(read_lines(arguments.flickr8k / "train.txt"))
        written = read_written(arguments.written, photos)
        check_place(arguments.output)
    except CaptionerError as error:
        print(f"{error}\nsee data/flickr8k/README.md", file=sys.stderr)
        return 1
    of_people = [(example.image.name, caption) for example in examples for caption in example.captions]
    with arguments.output.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("image", "caption"), *of_people, *written])
    print(f"{len(of_people):,} captions of people, {len(written):,} of the model: {arguments.output}")
    return 0


def read_written(file: Path, photos: set[str]) -> list[tuple[str, str]]:
    """Return each of these photos' names with each caption that was written of it.

    Raises:
        AnnotationError: The file is not what `captioner caption` writes, or tells of none of these photos.
    """
    found = []
    for where, row in read_json_lines(read_text(file).split("\n"), file):
        try:
            name = Path(row["file"]).name
            captions = [candidate["caption"] for candidate in row.get("candidates") or ()]
        except (TypeError, KeyError) as error:
            raise AnnotationError(f"{where}: not a row that `captioner caption --output x.jsonl` writes") from error
        if name in photos:
            found += [(name, caption) for caption in captions]
    if not found:
        raise AnnotationError(f"{file}: captions of none of the {len(photos):,} training photos")
    return found


if __name__ == "__main__":
    sys.exit(main())
