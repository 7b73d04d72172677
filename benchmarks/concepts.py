"""What naming by the backbone's classifier changes: the same weights with and without it, on two sets of photos.

    python benchmarks/concepts.py FLICKR8K COCO [--model flickr8k] [--photos 1000]

FLICKR8K holds `images/`, `captions.txt` and `val.txt`; COCO holds `val2017/` and `annotations/captions_val2017.json`.
Prints scores at beam 5, how many captions say 'dog' where no reference does (Rohrbach et al. 2018, arXiv:1809.02156,
count all of COCO's objects so), and the CPU seconds of each run, files to captions.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from captioner.data.examples import CaptionExample
from captioner.evaluation import evaluate, read_examples
from captioner.metrics.tokens import tokenize
from captioner.model import CaptionerConfig, CaptionerModel
from captioner.pipeline import Captioner, find_model

DOGS = {"dog", "dogs", "puppy", "puppies"}


def with_concepts(name: str, concepts: int) -> Captioner:
    """Load a model that may name so many things of a photo."""
    folder = find_model(name)
    config = CaptionerConfig.from_pretrained(folder)
    config.encoder = {**config.encoder, "concepts": concepts}
    model = CaptionerModel.from_pretrained(folder, config=config)
    return Captioner(model, name=f"{concepts} concepts")


def false_dogs(examples: Sequence[CaptionExample], captions: dict[int | str, str]) -> tuple[int, int]:
    """Count captions that say 'dog' where no reference does, and the photos where none does."""
    without = [one for one in examples if not any(DOGS & set(tokenize(caption)) for caption in one.captions)]
    return sum(bool(DOGS & set(tokenize(captions[one.image_id]))) for one in without), len(without)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("flickr8k", type=Path)
    parser.add_argument("coco", type=Path)
    parser.add_argument("--model", default="flickr8k")
    parser.add_argument("--photos", type=int, default=1000, help="of Flickr8k")
    arguments = parser.parse_args()

    flickr8k, coco = arguments.flickr8k, arguments.coco
    val = read_examples(flickr8k / "images", flickr8k / "captions.txt", str(flickr8k / "val.txt"))
    sets = {
        "COCO": read_examples(coco / "val2017", coco / "annotations" / "captions_val2017.json", None),
        "Flickr8k validation": val[: arguments.photos],
    }
    for name, examples in sets.items():
        for concepts in (0, 4):
            model = with_concepts(arguments.model, concepts)
            start = time.process_time()
            report, captions = evaluate(model, examples, model.options(beam_size=5), batch_size=16)
            cpu_s = time.process_time() - start
            wrong, photos = false_dogs(examples, captions)
            scores = ", ".join(f"{score} {report.scores[score]:.2f}" for score in ("BLEU-4", "CIDEr"))
            print(
                f"{name}, {len(examples)} photos, {model.name}: {scores}; dog in {wrong} of {photos} photos without "
                f"one; {cpu_s:.1f} CPU seconds",
                flush=True,
            )


if __name__ == "__main__":
    main()
