"""Validation as users will use the model: captions by beam search, scored against all references."""

from collections.abc import Sequence

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object

from captioner.config import SearchConfig
from captioner.data.examples import CaptionExample
from captioner.metrics import Report, Scorer
from captioner.model import CaptionerModel
from captioner.progress import progress
from captioner.training.photos import Photos

BATCH_PHOTOS = 32


class Validation:
    """Decodes and scores the validation photos; each photo once, whatever the number of its captions.

    Args:
        examples: Photos and references.
        photos: Where their features or pixels come from, in the same order.
        search: How captions are searched.
        accelerator: Its processes share the work.
    """

    def __init__(
        self, examples: Sequence[CaptionExample], photos: Photos, search: SearchConfig, accelerator: Accelerator
    ) -> None:
        self._num = len(examples)
        self._photos = photos
        self._search = search.model_copy(update={"num_captions": 1, "sample": False})
        self._accelerator = accelerator
        self._scorer = Scorer(dict(enumerate(example.captions for example in examples)))

    def __call__(self, model: CaptionerModel, from_features: bool) -> Report:
        """Caption all validation photos and return the scores."""
        model.train(False)
        mine = range(self._accelerator.process_index, self._num, self._accelerator.num_processes)
        pairs: list[tuple[int, str]] = []
        with torch.inference_mode(), progress("validation", len(mine), "photos") as advance:
            for start in range(0, len(mine), BATCH_PHOTOS):
                numbers = list(mine[start : start + BATCH_PHOTOS])
                inputs = self._photos.load(numbers, [0] * len(numbers), 0).to(self._accelerator.device)
                memory = model.encoder.embed(inputs) if from_features else model.encode(inputs)
                found = model.search(memory, self._search)
                pairs += zip(numbers, model.decode([best[0] for best in found]), strict=True)
                advance(len(numbers))
        everyone: list[tuple[int, str]] = gather_object(pairs)
        return self._scorer.score(dict(everyone))
