"""Makes a run's updates: the loss of a batch, its gradient, and a step of the optimizer."""

import contextlib
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator

from captioner.config import TrainingConfig
from captioner.data.batching import EpochPlan, TargetGroup, group_targets
from captioner.errors import NonFiniteLossError
from captioner.training.objective import Objective
from captioner.training.optimizer import learning_rate_factor, set_learning_rate
from captioner.training.task import Task, prefetch


class Updates:
    """Makes the updates of a run.

    Seed, epoch, update and process determine the random numbers of an update.

    Attributes:
        optimizer: The given optimizer, wrapped by the accelerator.

    Args:
        task: Its training sources are loaded one batch ahead.
        targets: Token ids of each training example's texts.
        objective: Computes the loss of a batch.
        optimizer: Updates the objective's weights.
        accelerator: Divides batches among its processes, and sums their losses.
        settings: The settings of training.
    """

    def __init__(
        self,
        task: Task,
        targets: Sequence[Sequence[Sequence[int]]],
        objective: Objective,
        optimizer: torch.optim.Optimizer,
        accelerator: Accelerator,
        settings: TrainingConfig,
    ) -> None:
        self._task = task
        self._targets = targets
        self._token_ids = objective.model.config
        self._accelerator = accelerator
        self._settings = settings
        self._parallel, prepared = accelerator.prepare(objective, optimizer)
        self.optimizer: torch.optim.Optimizer = prepared

    def of_epoch(self, plan: EpochPlan, epoch: int, start: int) -> Iterator[tuple[float, int]]:
        """Yield each update's loss, summed over words and processes, and its number of words.

        Args:
            plan: The epoch's batches.
            epoch: Counted from 0.
            start: The first update to make; an earlier run made those before it.

        Raises:
            NonFiniteLossError: The loss or its gradient is no finite number.
        """
        self._parallel.train()
        numbers = range(start, len(plan.batches))
        loads = prefetch(
            (
                self._task.train,
                part,
                [plan.views[item] for item in part],
                self._seed(epoch, number, process=0),  # so that all processes make one batch
            )
            for number in numbers
            for part, _ in self._parts(plan.batches[number])
        )
        for number in numbers:
            factor = self.learning_rate_factor(epoch, number, len(plan.batches))
            set_learning_rate(self.optimizer, factor)
            yield self._update(plan.batches[number], epoch, number, loads)

    def learning_rate_factor(self, epoch: int, update: int, updates_an_epoch: int) -> float:
        """Return the fraction of the peak learning rate for an update of an epoch."""
        done, total = epoch * updates_an_epoch + update, self._settings.epochs * updates_an_epoch
        return learning_rate_factor(done, total, self._settings.warmup_steps)

    def _seed(self, epoch: int, update: int, process: int) -> int:
        key = [self._settings.seed, epoch, update, process]
        return int(np.random.SeedSequence(key).generate_state(1)[0])

    def _parts(self, batch: list[int]) -> list[tuple[list[int], bool]]:
        """Divide a batch among the processes, and this process's part into accumulation steps.

        Each process must run equally many passes. So an empty part gets the batch's first item, and
        is marked as not counting.
        """
        count = self._settings.accumulation_steps
        mine = batch[self._accelerator.process_index :: self._accelerator.num_processes]
        parts = [mine[number::count] for number in range(count)]
        return [(part or batch[:1], bool(part)) for part in parts]

    def _update(
        self, batch: list[int], epoch: int, update: int, loads: Iterator[Any]
    ) -> tuple[float, int]:
        accelerator, settings = self._accelerator, self._settings
        num_words = sum(len(ids) for item in batch for ids in self._targets[item])
        guess_fraction = settings.scheduled_sampling * epoch / max(1, settings.epochs - 1)
        torch.manual_seed(self._seed(epoch, update, accelerator.process_index))
        total = torch.zeros((), device=accelerator.device)
        parts = self._parts(batch)
        for number, (part, counts) in enumerate(parts, start=1):
            is_last = number == len(parts)
            with contextlib.nullcontext() if is_last else accelerator.no_sync(self._parallel):
                inputs = next(loads).to(accelerator.device)
                loss = self._parallel(inputs, part, self._groups(part), guess_fraction) * counts
                # Processes average their gradients, but the mean is over the words of all of them.
                accelerator.backward(loss / num_words * accelerator.num_processes)
            total += loss.detach()
        norm = float(accelerator.clip_grad_norm_(self._parallel.parameters(), settings.clip_norm))
        loss_sum = float(accelerator.reduce(total, "sum"))
        # With a loss scaler, gradients may overflow: the scaler then skips the update.
        if not math.isfinite(loss_sum) or (accelerator.scaler is None and not math.isfinite(norm)):
            raise NonFiniteLossError(
                f"epoch {epoch + 1}, update {update + 1}: the loss is {loss_sum / num_words:.4g}"
                f" and its gradient {norm:.4g}; the last checkpoint is safe. A lower"
                " training.learning_rate would help"
            )
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss_sum, num_words

    def _groups(self, part: list[int]) -> list[TargetGroup]:
        groups = group_targets(
            [self._targets[item] for item in part],
            self._token_ids.eos_token_id,
            self._token_ids.pad_token_id,
            num_groups=self._task.num_groups,
        )
        return [group.to(self._accelerator.device) for group in groups]
