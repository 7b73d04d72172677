"""Validates a model as users will use it: beam search, scored against all references."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import gather_object

from captioner.config import SearchConfig
from captioner.data.batching import group_targets
from captioner.metrics import Report
from captioner.model.captioner_model import CaptionerModel
from captioner.progress import progress
from captioner.training.losses import caption_loss
from captioner.training.objective import encode
from captioner.training.task import Task

BATCH_ITEMS = 32
LOSS = "validation loss"
"""The name of the loss of the validation targets, in nats per word. It chooses the best epoch where
the score that should do so is 0, or is CIDEr of too few photos.
"""
FEWEST_FOR_CIDER = 10
"""CIDEr weighs words by how few photos have them, and of fewer photos than these it says little."""
TOO_FEW = (
    "{count} validation photos are too few for CIDEr: the best epoch is the one with the lowest"
    " validation loss"
)
IN_VAIN = (
    "{score} is always 0 on these validation examples (there is only one, or all have the same"
    " words): the best epoch is the one with the lowest validation loss"
)


class Validation:
    """Decodes and scores each validation example once, however many references it has.

    Attributes:
        texts: The texts that the model wrote last, by the examples' numbers.
        has_too_few: Whether the score is CIDEr of so few photos that the loss chooses the best
            epoch.

    Args:
        task: Its validation sources are decoded.
        search: How to decode.
        accelerator: Its processes share the work.
        max_target_length: For the loss, longer validation targets are cut to so many tokens.
    """

    def __init__(
        self, task: Task, search: SearchConfig, accelerator: Accelerator, max_target_length: int
    ) -> None:
        self._task = task
        self._max_target_length = max_target_length
        self._search = search.model_copy(update={"num_captions": 1, "sample": False})
        self._accelerator = accelerator
        self.texts: dict[int, str] = {}
        is_cider = task.selection_metric == "CIDEr"
        self.has_too_few = is_cider and len(task.val_targets) < FEWEST_FOR_CIDER

    def __call__(self, model: CaptionerModel) -> Report:
        """Decode all validation examples and return the scores.

        If the score that chooses the best epoch is 0, or of too few photos, the loss is added.
        """
        model.train(False)
        pairs: list[tuple[int, str]] = []
        with (
            torch.inference_mode(),
            progress("validation", sum(map(len, self._batches())), "items") as advance,
        ):
            for numbers in self._batches():
                memory, languages = self._encode(model, numbers), self._languages(numbers)
                found = model.search(memory, self._search, languages)
                pairs += zip(numbers, model.decode([best[0] for best in found]), strict=True)
                advance(len(numbers))
        everyone: list[tuple[int, str]] = gather_object(pairs)
        self.texts = dict(everyone)
        report = self._task.scorer.score(self.texts)
        if report.scores[self._task.selection_metric] > 0 and not self.has_too_few:
            return report
        return replace(report, scores=report.scores | {LOSS: self._loss(model)})

    def is_in_vain(self) -> bool:
        """Tell whether even the validation targets score 0, so that the score can never rise.

        CIDEr is 0 for a single photo, and for photos whose captions all have the same words, since
        a word that is in the captions of all photos has no weight.
        """
        several = self._task.val_targets
        choices = (
            {number: texts[rank % len(texts)] for number, texts in enumerate(several)}
            for rank in range(max(map(len, several)))
        )
        return all(
            self._task.scorer.score(texts).scores[self._task.selection_metric] <= 0
            for texts in choices
        )

    def _batches(self) -> list[list[int]]:
        """Return the numbers of this process's examples, batch by batch."""
        mine = range(
            self._accelerator.process_index,
            len(self._task.val_targets),
            self._accelerator.num_processes,
        )
        return [
            list(mine[start : start + BATCH_ITEMS]) for start in range(0, len(mine), BATCH_ITEMS)
        ]

    def _encode(self, model: CaptionerModel, numbers: Sequence[int]) -> Any:
        inputs = self._task.val.load(numbers, [0] * len(numbers), 0).to(self._accelerator.device)
        return encode(model, inputs, self._task.from_features)

    def _languages(self, numbers: Sequence[int]) -> list[str]:
        """Return the language of each example; nothing where the model writes one language."""
        languages = self._task.val_languages
        return [languages[one] for one in numbers] if languages else []

    def _loss(self, model: CaptionerModel) -> float:
        """Return the cross-entropy of the validation targets, nats per word."""
        ids, device = model.config, self._accelerator.device
        total = torch.zeros(2, device=device)  # the loss, and the words
        with torch.inference_mode():
            for numbers in self._batches():
                memory = self._encode(model, numbers)
                texts = [self._task.val_targets[one] for one in numbers]
                targets = model.tokenize_targets(
                    texts, self._languages(numbers), self._max_target_length
                )
                for group in group_targets(targets, ids.eos_token_id, ids.pad_token_id):
                    group = group.to(device)
                    logits, _ = model.decoder(group.target_input, memory.select(group.item_index))
                    total[0] += caption_loss(
                        logits, group.target_output, ids.pad_token_id, label_smoothing=0.0
                    )
                    total[1] += (group.target_output != ids.pad_token_id).sum()
        loss, num_words = self._accelerator.reduce(total, "sum").tolist()
        return float(loss / num_words)
