"""Builds the model that a run begins with: with random weights, or with another model's."""

import torch
from accelerate import Accelerator

from captioner.config import Experiment
from captioner.errors import loading_model
from captioner.model.captioner_model import CaptionerModel
from captioner.model.config import CaptionerConfig
from captioner.modules.encoders import PhotoTextEncoder
from captioner.preprocess.tokenization import language_ids
from captioner.pretrained.registry import find_model
from captioner.training.initial_weights import begin_with, beside_photos, with_english_beginning
from captioner.training.task import Task

INITIAL_MODELS = ("initial_model", "initial_photo_model")


def with_found_models(config: Experiment) -> Experiment:
    """Replace names of models that ship by their folders, in what a run begins with.

    Raises:
        ModelError: There is no such model.
    """
    given = {name: getattr(config.training, name) for name in INITIAL_MODELS}
    found = {name: str(find_model(model)) for name, model in given.items() if model}
    return config.model_copy(update={"training": config.training.model_copy(update=found)})


def build_model(task: Task, config: Experiment, accelerator: Accelerator) -> CaptionerModel:
    """Build the model of an experiment, on the accelerator's device and not in training mode.

    Args:
        task: Trains the tokenizer, and decides the settings that depend on the data.
        config: The experiment.
        accelerator: Says which process prepares first, and where the model goes.

    Raises:
        ConfigError: The initial model does not fit.
    """
    initial = _initial_model(config)
    tokenizer = task.train_tokenizer(None if initial is None else initial.tokenizer)
    # A backbone with random weights is then the same in `prepare` and in the model.
    torch.manual_seed(config.training.seed)
    with accelerator.main_process_first():
        config = task.prepare(initial, tokenizer)
    torch.manual_seed(config.training.seed)
    model_config = CaptionerConfig(
        **config.model_dump(exclude={"data", "training"}),
        vocab_size=len(tokenizer),
        language_ids=language_ids(tokenizer, task.languages),
        tie_word_embeddings=config.decoder.tie_embeddings,
    )
    model = CaptionerModel(model_config)
    model.encoder.load_published()
    if model.encoder.published_names():
        model_config.backbone_fingerprint = model.encoder.fingerprint()
    model.tokenizer = tokenizer
    if initial is not None:
        grown = len(tokenizer) > initial.config.vocab_size
        length = config.training.max_target_length
        targets = model.tokenize_targets(task.targets, task.languages, length) if grown else []
        weights = initial.own_state_dict()
        if isinstance(model.encoder, PhotoTextEncoder) and initial.kind == "text":
            weights = beside_photos(weights, model.own_state_dict())
        if initial.config.language_ids and not model_config.language_ids:
            weights = with_english_beginning(weights, initial.config)
        begin_with(model, weights, config.training.initial_model, targets)
    return model.to(accelerator.device).train(False)  # type: ignore[no-any-return]


def _initial_model(config: Experiment) -> CaptionerModel | None:
    name = config.training.initial_model
    with loading_model(f"training.initial_model: {name!r}"):
        return CaptionerModel.from_pretrained(name) if name else None
