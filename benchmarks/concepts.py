"""What naming by the backbone's classifier changes: the same weights with and without it, on two sets of photos.

    python benchmarks/concepts.py FLICKR8K COCO [--model flickr8k] [--photos 1000]

FLICKR8K holds `images/`, `captions.txt`, `train.txt` and `val.txt`; COCO holds `val2017/` and
`annotations/captions_val2017.json`. How captions speak of what the classifier sees is counted on the training photos
first. Prints scores at beam 5, how many captions say 'dog' where no reference does (Rohrbach et al. 2018,
arXiv:1809.02156, count all of COCO's objects so), and the CPU seconds of each run, files to captions.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from captioner.config import PhotoConfig
from captioner.data.examples import CaptionExample
from captioner.encoders import ImageEncoder
from captioner.evaluation import evaluate, read_examples
from captioner.metrics.tokens import tokenize
from captioner.model import CaptionerConfig, CaptionerModel
from captioner.pipeline import Captioner, find_model
from captioner.training.naming import count_habits
from captioner.training.photos import AugmentedPhotos

DOGS = {"dog", "dogs", "puppy", "puppies"}


class Features:
    """Photos as the backbone's features, each computed when it is asked for."""

    def __init__(self, photos: Sequence[Path], model: CaptionerModel) -> None:
        self._photos = AugmentedPhotos(photos, PhotoConfig(image=model.image_config), augment=False)
        assert isinstance(model.encoder, ImageEncoder)
        self._encoder = model.encoder
        self.num_views = 1

    def load(self, photos: Sequence[int], views: Sequence[int], seed: int) -> Tensor:
        """Return the features of photos by number."""
        features: Tensor = self._encoder.features(self._photos.load(photos, views, seed))
        return features


def with_concepts(name: str, concepts: int, train: Sequence[CaptionExample]) -> Captioner:
    """Load a model that may name so many things of a photo, as training would leave it."""
    folder = find_model(name)
    config = CaptionerConfig.from_pretrained(folder)
    config.encoder = {**config.encoder, "concepts": concepts}
    model = CaptionerModel.from_pretrained(folder, config=config).train(False)
    if concepts:
        photos = Features([one.image for one in train], model)
        model.config.naming = count_habits([one.captions for one in train], photos, model)
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
    train = read_examples(flickr8k / "images", flickr8k / "captions.txt", str(flickr8k / "train.txt"))
    models = [with_concepts(arguments.model, concepts, train) for concepts in (0, 4)]
    for name, examples in sets.items():
        for model in models:
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
