"""Photos and their captions to how captions speak of what the classifier sees."""

from collections.abc import Sequence

import torch

from captioner.concepts.habits import HabitCounter
from captioner.errors import ModelError
from captioner.model.captioner_model import CaptionerModel
from captioner.modules.encoders import ImageEncoder
from captioner.progress import progress
from captioner.training.task import Sources

BATCH_PHOTOS = 64


def count_habits(captions: Sequence[Sequence[str]], photos: Sources, model: CaptionerModel) -> dict[str, list[float]]:
    """Count which of the names that are seen in photos their captions mention.

    Args:
        captions: Of each photo.
        photos: Their features.
        model: Whose classifier and tokenizer are used.

    Returns:
        What the model's config keeps as `naming`.

    Raises:
        ModelError: The model recognises no concepts.
    """
    encoder, tokenizer = model.encoder, model.tokenizer
    if not isinstance(encoder, ImageEncoder) or not encoder.config.concepts or tokenizer is None:
        raise ModelError("only a model of photos with encoder.concepts and a tokenizer names what it sees")
    words = tokenizer.backend_tokenizer
    counter = HabitCounter()
    with torch.inference_mode(), progress("concepts", len(captions), "photos") as advance:
        for start in range(0, len(captions), BATCH_PHOTOS):
            numbers = range(start, min(start + BATCH_PHOTOS, len(captions)))
            features = photos.load(numbers, [0] * len(numbers), 0).to(encoder.project.weight.device)
            seen = encoder.embed(features).seen
            assert seen is not None
            for number, name_ids, mask in zip(numbers, seen.name_ids, seen.mask, strict=True):
                plain = [words.normalizer.normalize_str(text) for text in captions[number]]
                cut = [[word for word, _ in words.pre_tokenizer.pre_tokenize_str(text)] for text in plain]
                counter.add(name_ids[mask].tolist(), cut)
            advance(len(numbers))
    return {name: [num_photos, round(mentioned, 2)] for name, (num_photos, mentioned) in sorted(counter.counts.items())}
