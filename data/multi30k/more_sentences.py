"""English sentences like those of Multi30k that nobody has translated.

Captions of Flickr8k's training photos.

    python data/multi30k/more_sentences.py MULTI30K FLICKR8K more.en

A model translates them, and learns from what it wrote: README.md beside this file has the commands.
Captions of photos that Multi30k validates or tests on are left out, and so are those that Multi30k
has already. The exit status is 0, and 1 where a file is missing or cannot be written.
"""

import argparse
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from captioner.data.examples import read_captions
from captioner.data.parallel_text import read_lines
from captioner.errors import CaptionerError
from captioner.outputs.disk import check_place

KEPT_BACK = ("val", "test_2016_flickr")


def main(given: list[str] | None = None) -> int:
    """Write the sentences."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "multi30k", type=Path, help="with train.en, val.images.txt and test_2016_flickr.images.txt"
    )
    parser.add_argument("flickr8k", type=Path, help="with captions.txt and train.txt")
    parser.add_argument("output", type=Path)
    arguments = parser.parse_args(given)
    try:
        known = {
            sentence.strip().lower() for sentence in read_lines(arguments.multi30k / "train.en")
        }
        lists = [read_lines(arguments.multi30k / f"{split}.images.txt") for split in KEPT_BACK]
        photos = set(read_lines(arguments.flickr8k / "train.txt"))
        examples = read_captions(arguments.flickr8k / "captions.txt", arguments.flickr8k / "images")
        check_place(arguments.output)
    except CaptionerError as error:
        print(f"{error}\nsee data/multi30k/README.md", file=sys.stderr)
        return 1
    kept_back = {photo_number(name) for names in lists for name in names}
    wanted = [
        caption
        for example in examples
        if example.image.name in photos and photo_number(example.image.name) not in kept_back
        for caption in example.captions
    ]
    sentences = list(new_sentences(wanted, known))
    arguments.output.write_text(
        "".join(f"{sentence}\n" for sentence in sentences), encoding="utf-8"
    )
    print(f"{len(sentences):,} sentences of {len(wanted):,} captions: {arguments.output}")
    return 0


def photo_number(name: str) -> str:
    """Return the number by which Flickr knows a photo, with which both datasets begin its name."""
    return re.split(r"[._]", name)[0]


def new_sentences(captions: Iterable[str], known: set[str]) -> Iterator[str]:
    """Write new captions as Multi30k writes sentences, each once, compared in lower case."""
    seen = set(known)
    for sentence in map(as_sentence, captions):
        if sentence.lower() not in seen:
            seen.add(sentence.lower())
            yield sentence


def as_sentence(caption: str) -> str:
    """Undo the spaces between tokens, begin with a capital and end with a full stop."""
    text = re.sub(r"\s+([.,;:!?'])", r"\1", caption.strip())
    text = re.sub(r'"\s*(.*?)\s*"', r'"\1"', text)
    if not text.endswith((".", "!", "?", '"')):
        text += "."
    return text[:1].upper() + text[1:]


if __name__ == "__main__":
    sys.exit(main())
