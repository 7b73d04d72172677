"""Runs a training from its first epoch to its best model: validation, checkpoints, early stop."""

import math
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs
from torch import Tensor

from captioner.config import Experiment, PhotoConfig
from captioner.errors import CheckpointError, ConfigError, TrainingError
from captioner.metrics import Report
from captioner.progress import Advance, progress
from captioner.terminal import print_told
from captioner.training.averaging import average_epochs, keep_epoch, kept_epochs
from captioner.training.checkpoints import (
    Progress,
    differences,
    fixed_settings,
    list_checkpoints,
    load_checkpoint,
    moments_of,
    restore_moments,
    save_checkpoint,
    writing,
)
from captioner.training.curves import check_tensorboard
from captioner.training.initial_model import build_model, with_found_models
from captioner.training.objective import Objective
from captioner.training.optimizer import build_optimizer
from captioner.training.run_folder import RunFolder
from captioner.training.tasks import build_task
from captioner.training.updates import Updates
from captioner.training.validation import IN_VAIN, LOSS, TOO_FEW, Validation


class Trainer:
    """One run of one experiment.

    Seed, epoch, update and process determine the random numbers of an update. So a killed run that
    is resumed reaches the same weights, without a saved generator state.

    Args:
        config: The experiment.
        resume: Whether to resume from the run folder's newest checkpoint; without one, the run
            begins.

    Raises:
        TrainingError: The run folder already holds a run, or the run to resume is damaged or has
            other settings.
        MissingExtraError: TensorBoard is not installed.
        ConfigError: This machine cannot compute in that precision.
        DataError: The data cannot be used.
    """

    def __init__(self, config: Experiment, resume: bool) -> None:
        self.folder = Path(config.training.output)
        self._check_folder(resume)
        check_tensorboard()
        self.accelerator = build_accelerator(config)
        self.task = build_task(config)
        self.model = build_model(self.task, config, self.accelerator)
        self.initial_weights = {
            name: tensor.clone() for name, tensor in self.model.own_state_dict().items()
        }
        self.targets = self.model.tokenize_targets(
            self.task.targets, self.task.languages, config.training.max_target_length
        )
        self.lengths = [max(map(len, ids)) for ids in self.targets]
        with self.accelerator.main_process_first():
            self.task.open(self.model)
        self.config = self.task.config
        self.written = RunFolder(self.folder, self.task)
        self.validation = Validation(
            self.task, self.config.search, self.accelerator, config.training.max_target_length
        )
        reward = (
            self.task.reward(config.self_critical.rewards) if config.self_critical.weight else None
        )
        self.objective = Objective(
            self.model, config, self.task.from_features, reward, self.task.languages
        )
        optimizer = build_optimizer(self.model, config.training)
        self.state = Progress(config=fixed_settings(self.config))
        self.checkpointed_at = time.monotonic()
        if resume and list_checkpoints(self.folder / "checkpoints"):
            self._resume(optimizer)
        self.updates = Updates(
            self.task, self.targets, self.objective, optimizer, self.accelerator, config.training
        )
        if self.accelerator.scaler is not None and self.state.scaler:
            self.accelerator.scaler.load_state_dict(self.state.scaler)

    def _check_folder(self, resume: bool) -> None:
        if not resume and list_checkpoints(self.folder / "checkpoints"):
            raise TrainingError(
                f"{self.folder} holds a run: go on with --resume, or choose another training.output"
            )

    def _resume(self, optimizer: torch.optim.Optimizer) -> None:
        state, weights, moments = load_checkpoint(self.folder / "checkpoints")
        differing = differences(state.config, self.state.config)
        if differing:
            raise CheckpointError(
                f"{self.folder} was run with other settings: {'; '.join(differing)}"
            )
        self.state = state
        self._load_weights(weights)
        restore_moments(optimizer, moments)

    def _load_weights(self, weights: dict[str, Tensor]) -> None:
        own = self.model.own_state_dict()
        if own.keys() != weights.keys() or any(
            own[name].shape != weights[name].shape for name in own
        ):
            raise CheckpointError(
                f"{self.folder}: the checkpoint does not fit the model: was the data changed?"
            )
        # The frozen backbone and tied weights are not among them.
        self.model.load_state_dict(weights, strict=False)

    def run(self) -> Path:
        """Train to the end or to the early stop; return the folder of the best model.

        Raises:
            NonFiniteLossError: The loss or its gradient is no finite number.
            CheckpointError: A checkpoint cannot be written.
        """
        settings = self.config.training
        batches = self.task.plan(self.lengths, epoch=0).batches
        words_an_epoch = sum(
            len(ids) for batch in batches for number in batch for ids in self.targets[number]
        )
        done = self.state.epoch * words_an_epoch + self.state.num_tokens
        with progress("training", settings.epochs * words_an_epoch, "words", done=done) as advance:
            while self.state.epoch < settings.epochs and not self._is_stale():
                self._run_epoch(advance)
        if settings.average_last > 1:
            self._average()
        best = self.folder / "best"
        if self.accelerator.is_main_process:
            with writing(best):
                shutil.copy(self.folder / "curves.png", best)  # the model card shows it
        self.accelerator.wait_for_everyone()
        return best

    def _is_stale(self) -> bool:
        return (
            self.state.epoch - self.state.best_epoch >= self.config.training.patience
            and self.state.epoch > 0
        )

    def _run_epoch(self, advance: Advance) -> None:
        plan = self.task.plan(self.lengths, self.state.epoch)
        for loss_sum, num_words in self.updates.of_epoch(plan, self.state.epoch, self.state.update):
            self.state.loss_sum += loss_sum
            self.state.num_tokens += num_words
            self.state.update += 1
            advance(num_words, self._note())
            if time.monotonic() - self.checkpointed_at > self.config.training.checkpoint_every_s:
                self._checkpoint()
        self._finish_epoch(len(plan.batches))

    def _note(self) -> str:
        state = self.state
        loss, best = state.loss_sum / state.num_tokens, max(0.0, state.best_score)
        return (
            f"epoch {state.epoch + 1}, loss {loss:.3f}, best {self.task.selection_metric}"
            f" {best:.1f}"
        )

    def _finish_epoch(self, num_updates: int) -> None:
        """Score the validation examples, keep the model if it is the best, and write everything."""
        state = self.state
        with self._mixed_weights():
            report = self.validation(self.model)
        entry = {
            "epoch": state.epoch + 1,
            "loss": state.loss_sum / state.num_tokens,
            "learning_rate": self.config.training.learning_rate
            * self.updates.learning_rate_factor(state.epoch, num_updates - 1, num_updates),
            **report.scores,
        }
        if self.objective.rewards_seen:
            entry["reward"] = sum(self.objective.rewards_seen) / len(self.objective.rewards_seen)
            self.objective.rewards_seen.clear()
        state.history.append(entry)
        state.epoch, state.update, state.loss_sum, state.num_tokens = state.epoch + 1, 0, 0.0, 0
        if self.accelerator.is_main_process:
            kept = self.config.training.average_last
            with writing(self.folder):
                keep_epoch(self.folder / "epochs", state.epoch, self.model.own_state_dict(), kept)
        with self._mixed_weights():
            self._keep_if_best(report, state.epoch)
        self._checkpoint()
        if self.accelerator.is_main_process:
            with writing(self.folder):
                self.written.write_history(self.state.history, self.validation.texts)
            if len(self.state.history) == 1:
                self._say_if_loss_decides(entry)

    def _say_if_loss_decides(self, entry: dict[str, float]) -> None:
        if self.validation.has_too_few:
            print_told(TOO_FEW.format(count=len(self.task.val_targets)))
        elif LOSS in entry and self.validation.is_in_vain():
            print_told(IN_VAIN.format(score=self.task.selection_metric))

    def _keep_if_best(self, report: Report, epoch: int, or_equal: bool = False) -> None:
        """Keep the model if its score is the best so far; of scores of 0, the lowest loss wins."""
        score, loss = report.scores[self.task.selection_metric], report.scores.get(LOSS, math.inf)
        score = 0.0 if self.validation.has_too_few else score
        own, best = (score, -loss), (self.state.best_score, -self.state.best_loss)
        if own < best or (own == best and not or_equal):
            return
        self.state.best_score, self.state.best_loss, self.state.best_epoch = score, loss, epoch
        if self.accelerator.is_main_process:
            with writing(self.folder):
                self.written.write_best(self.model, report, self.state.history)

    def _average(self) -> None:
        """Keep the average of the last epochs' weights if it decodes as well as the best."""
        self.accelerator.wait_for_everyone()  # until the main process has written the last epoch
        folder = self.folder / "epochs"
        self._load_weights(average_epochs(folder))
        with self._mixed_weights():
            report = self.validation(self.model)
            if self.accelerator.is_main_process:
                print_told(
                    f"average of the last {len(kept_epochs(folder))} epochs:"
                    f" {self.written.describe(report.scores)}"
                )
            self._keep_if_best(report, self.state.epoch, or_equal=True)

    @contextmanager
    def _mixed_weights(self) -> Iterator[None]:
        """Give the model the mean of its weights and the initial ones, and then its own back.

        Source:
            Wortsman et al. 2022, arXiv:2109.01903, equation 1.
        """
        fraction = self.config.training.initial_fraction
        if not fraction:
            yield
            return
        own = {name: tensor.clone() for name, tensor in self.model.own_state_dict().items()}
        mixed = {
            name: torch.lerp(tensor, self.initial_weights[name], fraction)
            if tensor.is_floating_point()
            else tensor
            for name, tensor in own.items()
        }
        self._load_weights(mixed)
        try:
            yield
        finally:
            self._load_weights(own)

    def _checkpoint(self) -> None:
        if not self.accelerator.is_main_process:
            return
        if self.accelerator.scaler is not None:
            self.state.scaler = self.accelerator.scaler.state_dict()
        folder, weights = self.folder / "checkpoints", self.model.own_state_dict()
        save_checkpoint(folder, self.state, weights, moments_of(self.updates.optimizer))
        self.checkpointed_at = time.monotonic()


def train(config: Experiment, resume: bool = False) -> Path:
    """Run an experiment and return the folder of its best model.

    The models to begin with are folders, or names of models that ship.
    """
    return Trainer(with_found_models(config), resume).run()


def build_accelerator(config: Experiment) -> Accelerator:
    """Build the accelerator, which divides updates among devices and processes.

    Raises:
        ConfigError: This machine cannot compute in that precision.
    """
    # A batch of captions without photos gives the photo's part of the model no gradient.
    has_texts = isinstance(config, PhotoConfig) and config.data.has_texts
    distributed = DistributedDataParallelKwargs(find_unused_parameters=has_texts)
    precision = config.training.precision
    try:
        return Accelerator(mixed_precision=precision, kwargs_handlers=[distributed])
    except ValueError as error:
        raise ConfigError(f"training.precision: {error} (given: {precision!r})") from error
