"""The run: epochs of updates, validation by decoding, checkpoints, early stop and averaging."""

import contextlib
import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from safetensors.torch import load_file, save_file
from torch import Tensor

from captioner.config import Config
from captioner.data.batching import EpochPlan, group_targets, plan_epoch
from captioner.errors import CheckpointError, NonFiniteLossError, TrainingError
from captioner.metrics import Report
from captioner.model import CaptionerConfig, CaptionerModel
from captioner.progress import Advance, progress
from captioner.tokenization import train_word_tokenizer
from captioner.training.checkpoints import (
    Progress,
    list_checkpoints,
    load_checkpoint,
    moments_of,
    restore_moments,
    save_checkpoint,
)
from captioner.training.curves import draw_curves, write_events
from captioner.training.dataset import Dataset, read_dataset
from captioner.training.model_card import write_model_card
from captioner.training.objective import Objective
from captioner.training.photos import open_photos, prefetch
from captioner.training.validation import Validation

# Settings that may differ when a run goes on: they change where things are or how long to wait, never a weight.
FREE_SETTINGS = {"data": {"images", "captions", "train_split", "val_split", "cache"}, "training": {"output", "num_workers", "checkpoint_every_s", "patience"}}


class Trainer:
    """One run of one experiment.

    All chance of an update comes from the seed, the epoch, the update and the process, so that a run that was killed goes
    on to the same weights without any generator's state being kept.

    Args:
        config: The experiment.
        resume: Whether to go on from the run folder's newest checkpoint.

    Raises:
        TrainingError: The run folder holds a run already, or none to resume, or one of other settings.
        DataError: The data cannot be used.
    """

    def __init__(self, config: Config, resume: bool) -> None:
        self.config = config
        self.folder = Path(config.training.output)
        self.accelerator = Accelerator(mixed_precision=config.training.precision)
        self._check_folder(resume)
        self.data: Dataset = read_dataset(config.data)
        torch.manual_seed(config.training.seed)
        self.model = self._build_model()
        self._open_photos()
        self.objective = Objective(self.model, config.training, from_features=self.from_features)
        self.optimizer = self._build_optimizer()
        self.state = Progress(config=_fixed_settings(config))
        self.checkpointed_at = time.monotonic()
        if resume:
            self._resume()
        self.parallel, self.optimizer = self.accelerator.prepare(self.objective, self.optimizer)
        if self.accelerator.scaler is not None and self.state.scaler:
            self.accelerator.scaler.load_state_dict(self.state.scaler)

    def _check_folder(self, resume: bool) -> None:
        if not resume and list_checkpoints(self.folder / "checkpoints"):
            raise TrainingError(f"{self.folder} holds a run: go on with --resume, or choose another training.output")

    def _build_model(self) -> CaptionerModel:
        config = self.config
        captions = [caption for example in self.data.train for caption in example.captions]
        tokenizer = train_word_tokenizer(captions, config.data.min_word_count, config.data.max_vocab_size)
        model_config = CaptionerConfig(
            image=config.image.model_dump(),
            encoder=config.encoder.model_dump(),
            decoder=config.decoder.model_dump(),
            search=config.search.model_dump(),
            vocab_size=len(tokenizer),
            tie_word_embeddings=config.decoder.tie_embeddings,
        )
        model = CaptionerModel(model_config)
        with torch.no_grad():
            model.encoder.load_pretrained()
        if config.encoder.weights != "none" and config.encoder.trainable_from is None:
            model_config.backbone_fingerprint = model.encoder.fingerprint()
        model.tokenizer = tokenizer
        limit = config.training.max_target_length
        self.targets = [
            [ids[:limit] for ids in tokenizer(list(example.captions), add_special_tokens=False)["input_ids"]]
            for example in self.data.train
        ]
        return model.to(self.accelerator.device)  # type: ignore[no-any-return]

    def _open_photos(self) -> None:
        cache = Path(self.config.data.cache or self.folder / "features")
        files = {"train": [e.image for e in self.data.train], "val": [e.image for e in self.data.val]}
        encoder = self.model.encoder
        self.from_features = encoder.config.trainable_from is None
        self.model.eval()
        with self.accelerator.main_process_first():
            self.photos = open_photos(files["train"], encoder, self.config, cache, training=True)
            validation_photos = open_photos(files["val"], encoder, self.config, cache, training=False)
        self.validation = Validation(self.data.val, validation_photos, self.config.search, self.accelerator)

    def _build_optimizer(self) -> torch.optim.Optimizer:
        settings = self.config.training
        groups: dict[tuple[bool, bool], list[Tensor]] = {}
        for name, parameter in self.model.named_parameters():
            if parameter.requires_grad:
                groups.setdefault(("backbone" in name, parameter.ndim > 1), []).append(parameter)
        return torch.optim.AdamW(
            [
                {
                    "params": parameters,
                    "peak": settings.backbone_learning_rate if backbone else settings.learning_rate,
                    "weight_decay": settings.weight_decay if matrix else 0.0,
                }
                for (backbone, matrix), parameters in groups.items()
            ],
            betas=(0.9, 0.98),
        )

    def _resume(self) -> None:
        state, weights, moments = load_checkpoint(self.folder / "checkpoints")
        differing = _differences(state.config, self.state.config)
        if differing:
            raise CheckpointError(f"{self.folder} was run with other settings: {'; '.join(differing)}")
        self.state = state
        self._load_weights(weights)
        restore_moments(self.optimizer, moments)

    def _load_weights(self, weights: dict[str, Tensor]) -> None:
        own = self.model.own_state_dict()
        if own.keys() != weights.keys() or any(own[name].shape != weights[name].shape for name in own):
            raise CheckpointError(f"{self.folder}: the checkpoint does not fit the model: was the data changed?")
        with torch.no_grad():
            for name, tensor in own.items():
                tensor.copy_(weights[name])

    def run(self) -> Path:
        """Train to the end or to the early stop; return the folder of the best model.

        Raises:
            NonFiniteLossError: The loss or its gradient is no number any more.
            CheckpointError: A checkpoint cannot be written.
        """
        settings = self.config.training
        words_an_epoch = sum(len(ids) + 1 for several in self.targets for ids in several)
        done = self.state.epoch * words_an_epoch + self.state.num_tokens
        with progress("training", settings.epochs * words_an_epoch, "words", done=done) as advance:
            while self.state.epoch < settings.epochs and not self._is_stale():
                self._run_epoch(advance)
        if settings.average_last > 1:
            self._average()
        return self.folder / "best"

    def _is_stale(self) -> bool:
        return self.state.epoch - self.state.best_epoch >= self.config.training.patience and self.state.epoch > 0

    def _run_epoch(self, advance: Advance) -> None:
        settings = self.config.training
        plan = plan_epoch(
            len(self.targets), settings.batch_size, self.photos.num_views, settings.seed, self.state.epoch
        )
        start = self.state.update
        loads = prefetch(
            (self.photos, part, [plan.views[photo] for photo in part], self._seed(update))
            for update in range(start, len(plan.batches))
            for part in self._parts(plan.batches[update])
        )
        for update in range(start, len(plan.batches)):
            self._set_learning_rate(len(plan.batches))
            loss_sum, num_words = self._update(plan, update, loads)
            self.state.loss_sum += loss_sum
            self.state.num_tokens += num_words
            self.state.update = update + 1
            mean_loss = self.state.loss_sum / self.state.num_tokens
            advance(num_words, f"epoch {self.state.epoch + 1}, loss {mean_loss:.3f}, best CIDEr {max(0, self.state.best_score):.1f}")
            if time.monotonic() - self.checkpointed_at > settings.checkpoint_every_s:
                self._checkpoint()
        self._finish_epoch()

    def _seed(self, update: int) -> int:
        key = [self.config.training.seed, self.state.epoch, update, self.accelerator.process_index]
        return int(np.random.SeedSequence(key).generate_state(1)[0])

    def _parts(self, batch: list[int]) -> list[list[int]]:
        """Divide a batch among the processes, and this process's share into the parts that are accumulated.

        A part that would be empty is the batch's first photo, and counts for nothing.
        """
        count = self.config.training.accumulation_steps
        mine = batch[self.accelerator.process_index :: self.accelerator.num_processes]
        return [mine[number::count] or batch[:1] for number in range(count)]

    def _update(self, plan: EpochPlan, update: int, loads: Any) -> tuple[float, int]:
        """Make one update; return its loss, summed over words and processes, and the number of these words."""
        accelerator, batch = self.accelerator, plan.batches[update]
        num_words = sum(len(ids) + 1 for photo in batch for ids in self.targets[photo])
        torch.manual_seed(self._seed(update))
        total = torch.zeros((), device=accelerator.device)
        parts = self._parts(batch)
        num_mine = len(batch[accelerator.process_index :: accelerator.num_processes])
        for number, part in enumerate(parts):
            is_last = number == len(parts) - 1
            with contextlib.nullcontext() if is_last else accelerator.no_sync(self.parallel):
                inputs = next(loads).to(accelerator.device)
                loss = self.parallel(inputs, self._groups(part), self._guess_share()) * (number < num_mine)
                # Processes average their gradients, but the mean is over the words of all of them.
                accelerator.backward(loss / num_words * accelerator.num_processes)
            total += loss.detach()
        norm = accelerator.clip_grad_norm_(self.parallel.parameters(), self.config.training.clip_norm)
        loss_sum = float(accelerator.reduce(total, "sum"))
        if not math.isfinite(loss_sum) or (accelerator.scaler is None and not math.isfinite(float(norm))):
            raise NonFiniteLossError(
                f"epoch {self.state.epoch + 1}, update {update + 1}: the loss is {loss_sum / num_words:.4g} and its gradient "
                f"{float(norm):.4g}; the last checkpoint is safe. A lower training.learning_rate would help"
            )
        self.optimizer.step()
        self.optimizer.zero_grad()
        return loss_sum, num_words

    def _groups(self, part: list[int]) -> Any:
        ids = self.model.config
        captions = [self.targets[photo] for photo in part]
        groups = group_targets(captions, ids.bos_token_id, ids.eos_token_id, ids.pad_token_id)
        return [group.to(self.accelerator.device) for group in groups]

    def _guess_share(self) -> float:
        settings = self.config.training
        return settings.scheduled_sampling * self.state.epoch / max(1, settings.epochs - 1)

    def _set_learning_rate(self, updates_an_epoch: int) -> None:
        """Rise linearly, then fall along a cosine (Loshchilov and Hutter 2017, arXiv:1608.03983, equation 5)."""
        settings = self.config.training
        done = self.state.epoch * updates_an_epoch + self.state.update
        share = max(0.0, done - settings.warmup_steps) / max(1, settings.epochs * updates_an_epoch - settings.warmup_steps)
        factor = min((done + 1) / (settings.warmup_steps + 1), 0.5 * (1 + math.cos(math.pi * share)))
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * factor

    def _finish_epoch(self) -> None:
        """Decode and score the validation photos, keep the model if it is the best, and write everything down."""
        state = self.state
        report = self.validation(self.model, self.from_features)
        self.objective.train()
        entry = {"epoch": state.epoch + 1, "loss": state.loss_sum / state.num_tokens, "learning_rate": self.optimizer.param_groups[0]["lr"], **report.scores}
        state.history.append(entry)
        state.epoch, state.update, state.loss_sum, state.num_tokens = state.epoch + 1, 0, 0.0, 0
        if self.accelerator.is_main_process:
            self._keep_epoch()
        self._keep_if_best(report, state.epoch)
        self._checkpoint()
        if self.accelerator.is_main_process:
            self._write_history(entry)

    def _keep_epoch(self) -> None:
        """Keep the epoch's weights as long as the average of the last ones may need them."""
        folder = self.folder / "epochs"
        folder.mkdir(parents=True, exist_ok=True)
        save_file(self.model.own_state_dict(), folder / f"{self.state.epoch:04d}.safetensors")
        for old in sorted(folder.glob("*.safetensors"))[: -self.config.training.average_last]:
            old.unlink()

    def _keep_if_best(self, report: Report, epoch: int) -> None:
        if report.scores["CIDEr"] <= self.state.best_score:
            return
        self.state.best_score, self.state.best_epoch = report.scores["CIDEr"], epoch
        if self.accelerator.is_main_process:
            halves = {name: tensor.half() for name, tensor in self.model.own_state_dict().items()}
            self.model.save_pretrained(self.folder / "best", state_dict=halves)
            write_model_card(self.folder / "best", self.config, report, self.state.history)

    def _write_history(self, entry: dict[str, Any]) -> None:
        write_events(self.folder / "tensorboard", entry)
        draw_curves(self.folder / "curves.png", self.state.history)
        with (self.folder / "history.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
        scores = ", ".join(f"{name} {entry[name]:.2f}" for name in ("BLEU-4", "CIDEr"))
        print(f"epoch {entry['epoch']}/{self.config.training.epochs}: loss {entry['loss']:.4f}, {scores}", flush=True)

    def _average(self) -> None:
        """Average the last epochs' weights, and keep the average if it decodes better.

        Source:
            Izmailov et al. 2018, arXiv:1803.05407, with the epochs of one cosine as the points.
        """
        files = sorted((self.folder / "epochs").glob("*.safetensors"))
        parts = [load_file(file) for file in files]
        weights = {name: torch.stack([part[name].double() for part in parts]).mean(0).float() for name in parts[0]}
        self._load_weights(weights)
        report = self.validation(self.model, self.from_features)
        if self.accelerator.is_main_process:
            scores = ", ".join(f"{name} {report.scores[name]:.2f}" for name in ("BLEU-4", "CIDEr"))
            print(f"average of the last {len(files)} epochs: {scores}", flush=True)
        self._keep_if_best(report, self.state.epoch)

    def _checkpoint(self) -> None:
        if not self.accelerator.is_main_process:
            return
        if self.accelerator.scaler is not None:
            self.state.scaler = self.accelerator.scaler.state_dict()
        save_checkpoint(self.folder / "checkpoints", self.state, self.model.own_state_dict(), moments_of(self.optimizer))
        self.checkpointed_at = time.monotonic()


def train(config: Config, resume: bool = False) -> Path:
    """Run an experiment and return the folder of its best model."""
    return Trainer(config, resume).run()


def _fixed_settings(config: Config) -> dict[str, Any]:
    return config.model_dump(mode="json", exclude=FREE_SETTINGS)


def _differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    return [
        f"{section}.{key} was {old.get(section, {}).get(key)!r}, is {value!r}"
        for section, values in new.items()
        for key, value in values.items()
        if old.get(section, {}).get(key) != value
    ]
