"""What naming by the backbone's classifier changes: the same weights with and without it, on two sets of photos.

    python benchmarks/concepts.py FLICKR8K COCO [--model flickr8k] [--photos 1000] [--write FOLDER]

FLICKR8K holds `images/`, `captions.txt`, `train.txt` and `val.txt`; COCO holds `val2017/` and
`annotations/captions_val2017.json`. `--write FOLDER` first counts on the training photos how captions speak of what the
classifier sees, and puts that into the `config.json` of a model's folder, which switches naming on there. Prints scores
at beam 5, how many captions say 'dog' where no reference does, the shares of captions and of objects that name one of
COCO's kinds that no reference names (CHAIRs and CHAIRi, Rohrbach et al. 2018, arXiv:1809.02156), and the CPU seconds of
each run, files to captions.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

from torch import Tensor

from captioner.config import PhotoConfig
from captioner.data.examples import CaptionExample
from captioner.evaluation.captions import evaluate, read_examples
from captioner.metrics.hallucination import count_hallucinations
from captioner.metrics.tokens import tokenize
from captioner.model.captioner_model import CaptionerModel
from captioner.model.config import CaptionerConfig
from captioner.modules.encoders import ImageEncoder
from captioner.pipeline import Captioner, find_model
from captioner.training.naming import count_habits
from captioner.training.photos import AugmentedPhotos

CONCEPTS = 4
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


def with_concepts(name: str, concepts: int, train: Sequence[CaptionExample], recount: bool) -> Captioner:
    """Load a model that may name so many things of a photo, as training would leave it.

    How captions speak of them is counted where the model's config does not tell, or where that is asked for.
    """
    folder = find_model(name)
    config = CaptionerConfig.from_pretrained(folder)
    config.encoder = {**config.encoder, "concepts": concepts}
    model = CaptionerModel.from_pretrained(folder, config=config).train(False)
    if concepts and (recount or not model.config.naming):
        photos = Features([one.image for one in train], model)
        model.config.naming = count_habits([one.captions for one in train], photos, model)
    return Captioner(model, name=f"{concepts} concepts")


def false_dogs(examples: Sequence[CaptionExample], captions: dict[int | str, str]) -> tuple[int, int]:
    """Count captions that say 'dog' where no reference does, and the photos where none does."""
    without = [one for one in examples if not any(DOGS & set(tokenize(caption)) for caption in one.captions)]
    return sum(bool(DOGS & set(tokenize(captions[one.image_id]))) for one in without), len(without)


def write_naming(folder: Path, naming: dict[str, list[float]]) -> None:
    """Switch naming on in a model's folder."""
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["encoder"]["concepts"], config["naming"] = CONCEPTS, naming
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("flickr8k", type=Path)
    parser.add_argument("coco", type=Path)
    parser.add_argument("--model", default="flickr8k")
    parser.add_argument("--photos", type=int, default=1000, help="of Flickr8k")
    parser.add_argument("--write", type=Path, help="folder of the model")
    arguments = parser.parse_args()

    flickr8k, coco = arguments.flickr8k, arguments.coco
    val = read_examples(flickr8k / "images", flickr8k / "captions.txt", str(flickr8k / "val.txt"))
    sets = {
        "COCO": read_examples(coco / "val2017", coco / "annotations" / "captions_val2017.json", None),
        "Flickr8k validation": val[: arguments.photos],
    }
    train = read_examples(flickr8k / "images", flickr8k / "captions.txt", str(flickr8k / "train.txt"))
    models = [with_concepts(arguments.model, concepts, train, bool(arguments.write)) for concepts in (0, CONCEPTS)]
    if arguments.write:
        write_naming(arguments.write, models[1].model.config.naming)
    for name, examples in sets.items():
        for model in models:
            start = time.process_time()
            report, captions = evaluate(model, examples, model.options(beam_size=5), batch_size=16)
            cpu_s = time.process_time() - start
            wrong, photos = false_dogs(examples, captions)
            scores = ", ".join(f"{score} {report.scores[score]:.2f}" for score in ("BLEU-4", "CIDEr"))
            chair = count_hallucinations(
                [captions[one.image_id] for one in examples], [one.captions for one in examples]
            )
            print(
                f"{name}, {len(examples)} photos, {model.name}: {scores}; dog in {wrong} of {photos} photos without "
                f"one; CHAIRs {chair.chair_s:.1%}, CHAIRi {chair.chair_i:.1%}; {cpu_s:.1f} CPU seconds",
                flush=True,
            )


if __name__ == "__main__":
    main()
