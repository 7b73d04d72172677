"""Validation as users will use the model: texts by beam search, scored against all references."""

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object

from captioner.config import SearchConfig
from captioner.metrics import Report
from captioner.model.captioner_model import CaptionerModel
from captioner.progress import progress
from captioner.training.objective import encode
from captioner.training.task import Task

BATCH_ITEMS = 32


class Validation:
    """Decodes and scores the validation examples; each once, whatever the number of its references.

    Args:
        task: Whose validation sources are decoded.
        search: How.
        accelerator: Its processes share the work.
    """

    def __init__(self, task: Task, search: SearchConfig, accelerator: Accelerator) -> None:
        self._task = task
        self._search = search.model_copy(update={"num_captions": 1, "sample": False})
        self._accelerator = accelerator

    def __call__(self, model: CaptionerModel) -> Report:
        """Decode all validation examples and return the scores."""
        model.train(False)
        mine = range(self._accelerator.process_index, self._task.num_val, self._accelerator.num_processes)
        pairs: list[tuple[int, str]] = []
        with torch.inference_mode(), progress("validation", len(mine), "items") as advance:
            for start in range(0, len(mine), BATCH_ITEMS):
                numbers = list(mine[start : start + BATCH_ITEMS])
                inputs = self._task.val.load(numbers, [0] * len(numbers), 0).to(self._accelerator.device)
                memory = encode(model, inputs, self._task.from_features)
                found = model.search(memory, self._search)
                pairs += zip(numbers, model.decode([best[0] for best in found]), strict=True)
                advance(len(numbers))
        everyone: list[tuple[int, str]] = gather_object(pairs)
        return self._task.scorer.score(dict(everyone))
