"""What captions lose where features of photos are kept in fewer bytes, by the model that ships.

    python benchmarks/feature_cache_forms.py --set IMAGES CAPTIONS [--set ...] --others FOLDER
    [--photos 250]

Each set's first photos (of CAPTIONS, any caption file) go through the frozen backbone once. Each
form then keeps and restores their features, and the rest of the model captions what came back. The
projection is the one onto the principal components of the features of 64 photos of `--others`,
which should be none of the sets' own.
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from captioner.batch import find_photos
from captioner.data.examples import read_captions
from captioner.metrics import score
from captioner.model.captioner_model import CaptionerModel
from captioner.modules.encoders import ImageEncoder
from captioner.preprocess.image import ImagePreprocessor
from captioner.pretrained.registry import find_model
from captioner.training.objective import encode

BATCH_PHOTOS, SHARD_PHOTOS, COMPONENTS = 16, 64, 320


def features_of(model: CaptionerModel, photos: Sequence[Path]) -> Tensor:
    """Return what the frozen backbone makes of photos, `[photos, height, width, channels]`."""
    preprocess, encoder = ImagePreprocessor(model.image_config), model.encoder
    assert isinstance(encoder, ImageEncoder)
    parts = [photos[start : start + BATCH_PHOTOS] for start in range(0, len(photos), BATCH_PHOTOS)]
    with torch.inference_mode():
        pixels = (
            torch.from_numpy(np.stack([preprocess(preprocess.read(photo)) for photo in part]))
            for part in parts
        )
        return torch.cat([encoder.frozen_features(one) for one in pixels])


def quantised(features: Tensor, bits: int) -> Tensor:
    """Round each channel of each shard of photos to steps between its least and greatest value."""
    restored = []
    for shard in torch.split(features, SHARD_PHOTOS):
        low, high = shard.amin((0, 1, 2)), shard.amax((0, 1, 2))
        step = (high - low).clamp(min=1e-12) / (2**bits - 1)
        restored.append(((shard - low) / step).round() * step + low)
    return torch.cat(restored)


def projected(features: Tensor, learnt_from: Tensor) -> Tensor:
    """Keep the principal components of the features of other photos, in float16."""
    cells = learnt_from.flatten(0, 2)
    mean = cells.mean(0)
    _, components = torch.linalg.eigh((cells - mean).T @ (cells - mean))
    kept = components[:, -COMPONENTS:]
    restored: Tensor = ((features - mean) @ kept).half().float() @ kept.T + mean
    return restored


def pooled(features: Tensor, side: int) -> Tensor:
    """Average the map down to fewer cells, in float16."""
    maps = functional.adaptive_avg_pool2d(features.permute(0, 3, 1, 2), side)
    return maps.permute(0, 2, 3, 1).half().float()


def captions_of(model: CaptionerModel, features: Tensor) -> Iterator[str]:
    """Caption photos by their features."""
    search = model.search_config.model_copy(update={"num_captions": 1})
    with torch.inference_mode():
        for part in torch.split(features, BATCH_PHOTOS):
            found = model.search(encode(model, part, from_features=True), search)
            yield from model.decode([best[0] for best in found])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--set", type=Path, nargs=2, action="append", required=True, metavar=("IMAGES", "CAPTIONS")
    )
    parser.add_argument(
        "--others", type=Path, required=True, help="photos that the projection learns from"
    )
    parser.add_argument("--photos", type=int, default=250)
    parser.add_argument("--model", default="everyday", help="one that ships, or a folder")
    options = parser.parse_args()
    model = CaptionerModel.from_pretrained(find_model(options.model)).train(False)
    others = features_of(model, find_photos([options.others]).on_disk[:SHARD_PHOTOS])
    forms: dict[str, tuple[float, Callable[[Tensor], Tensor]]] = {
        "float32": (32, lambda features: features),
        "float16": (16, lambda features: features.half().float()),
        "8 bits, a range for each channel of 64 photos": (
            8,
            lambda features: quantised(features, 8),
        ),
        "4 bits, a range for each channel of 64 photos": (
            4,
            lambda features: quantised(features, 4),
        ),
        "map of 4 x 4 cells, float16": (16 * 16 / 49, lambda features: pooled(features, 4)),
        f"{COMPONENTS} principal components, float16": (
            16 / 4,
            lambda features: projected(features, others),
        ),
    }
    for images, captions in options.set:
        examples = read_captions(captions, images)[: options.photos]
        references = {number: example.captions for number, example in enumerate(examples)}
        features = features_of(model, [example.image for example in examples])
        print(f"{captions}: {len(examples)} photos", flush=True)
        before: list[str] = []
        for name, (bits, form) in forms.items():
            texts = list(captions_of(model, form(features)))
            before = before or texts
            changed = sum(text != other for text, other in zip(texts, before, strict=True))
            cider = score(dict(enumerate(texts)), references).scores["CIDEr"]
            print(
                f"  {name:46} {bits / 16:5.2f} of the bytes, CIDEr {cider:6.2f}, {changed} changed",
                flush=True,
            )


if __name__ == "__main__":
    main()
