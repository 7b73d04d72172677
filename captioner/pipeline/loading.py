"""From a name to a loaded model: one that ships, a folder written by training, or one of a hub."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch

from captioner.errors import ModelError, UsageError, loading_model
from captioner.onnx.model import OnnxModel
from captioner.pipeline.captioner import Captioner
from captioner.pipeline.choice import onnx_folder
from captioner.pipeline.ensemble import Ensemble
from captioner.pipeline.recognizer import ActionRecognizer
from captioner.pipeline.transcriber import Transcriber
from captioner.pipeline.translator import Translator
from captioner.pretrained.registry import find_model, is_hub_name, model_name

if TYPE_CHECKING:
    from captioner.model.captioner_model import CaptionerModel

AnyModel = Captioner | Translator | Transcriber | ActionRecognizer
ModelT = TypeVar("ModelT", Captioner, Translator, Transcriber, ActionRecognizer)

Models = str | Path | Sequence[str | Path]
"""A model, or several that write together."""

HUGGING_FACE = "hf:"  # what the name of a model of transformers begins with


def load(
    model: Models = "everyday", device: str = "auto", engine: str = "auto", num_photos: int = 1
) -> AnyModel:
    """Load a shipped model, a folder written by training or `captioner export`, or one of a hub.

    Args:
        model: A name that `captioner models` lists, a folder, or a hub's `owner/name`; with `hf:`
            before it, a folder or an `owner/name` of an image-to-text model of transformers, such
            as BLIP, which torch alone runs. Or a list of models of one vocabulary, which then write
            together.
        device: `cpu`, `cuda`, `mps`, or `auto` for the fastest that is there.
        engine: What runs it: `torch`, `onnx` (faster on a CPU), or `auto` for ONNX where that pays.
        num_photos: How many photos are waiting; for many, `auto` exports a model to ONNX first.

    Raises:
        ModelError: There is no such model, its files are broken, or several models do not fit
            together.
        UsageError: There is no such engine, it does not run on the device, or no model is named.
        MissingExtraError: The engine is not installed.
        CacheError: What is exported for the engine `onnx` cannot be kept.

    Example:
        >>> captioner.load("en-de-fr").translate("Two dogs run.").text
        'Zwei Hunde laufen.'
    """
    where = _device(device)
    names = [model] if isinstance(model, str | Path) else _names(model)
    if not names:
        raise UsageError("no model is named: give one, or several that write together")
    if len(names) > 1:
        members = [_load_one(name, where, engine, num_photos) for name in names]
        return _of_kind(
            Ensemble(members, [model_name(name) for name in names]),
            "+".join(map(model_name, names)),
        )
    (model,) = names
    if str(model).startswith(HUGGING_FACE):
        from captioner.pipeline.hugging_face import HuggingFaceCaptioner

        if engine == "onnx":
            raise UsageError(
                f"{model} is a model of transformers, which torch runs: choose --engine torch"
            )
        name = str(model).removeprefix(HUGGING_FACE)
        if not (Path(name).exists() or is_hub_name(name)):
            raise ModelError(
                f"{model}: {name} is neither a folder that is there nor a hub's owner/name"
            )
        return HuggingFaceCaptioner(name, where)
    return _of_kind(_load_one(model, where, engine, num_photos), model_name(model))


def _names(models: Any) -> list[str | Path]:
    names: list[Any] = (
        [*models] if isinstance(models, Iterable) and not isinstance(models, bytes) else [models]
    )
    for name in names:
        if not isinstance(name, str | Path):
            raise UsageError(f"{name!r} names no model: give a name, a folder, or a list of them")
    return names


def _load_one(
    model: str | Path, where: torch.device, engine: str, num_photos: int
) -> "CaptionerModel | OnnxModel":
    if str(model).startswith(HUGGING_FACE):
        raise UsageError(
            f"{model} is a model of transformers, which writes alone: leave the other models out"
        )
    folder = find_model(model)
    with loading_model(f"model {str(model)!r}"):
        graphs = onnx_folder(folder, engine, where, num_photos)
        if graphs is not None:
            return OnnxModel(graphs)
        # Not before: the graphs do without what it imports.
        from captioner.model.captioner_model import CaptionerModel

        loaded = CaptionerModel.from_pretrained(folder)
        loaded.to(where)  # type: ignore[arg-type]  # transformers hides the method's own signature
        return loaded


def _of_kind(model: Any, name: str) -> AnyModel:
    """Return what users call, of the model's modality."""
    classes: dict[str, Any] = {"text": Translator, "speech": Transcriber, "video": ActionRecognizer}
    loaded: AnyModel = classes.get(model.kind, Captioner)(model, name)
    return loaded


def load_captioner(
    model: Models = "everyday", device: str = "auto", engine: str = "auto", num_photos: int = 1
) -> Captioner:
    """Load a model of photos.

    Raises:
        ModelError: It is a model of something else, or as `load`.
    """
    return _of_modality(Captioner, load(model, device, engine, num_photos))


def load_translator(model: Models = "en-de-fr", device: str = "auto") -> Translator:
    """Load a model of sentences.

    Raises:
        ModelError: It is a model of something else, or as `load`.
    """
    return _of_modality(Translator, load(model, device))


def load_transcriber(model: Models = "digits", device: str = "auto") -> Transcriber:
    """Load a model of speech.

    Raises:
        ModelError: It is a model of something else, or as `load`.
    """
    return _of_modality(Transcriber, load(model, device))


def load_recognizer(model: Models = "actions", device: str = "auto") -> ActionRecognizer:
    """Load a model of clips.

    Raises:
        ModelError: It is a model of something else, or as `load`.
    """
    return _of_modality(ActionRecognizer, load(model, device))


def _of_modality(modality: type[ModelT], loaded: AnyModel) -> ModelT:
    """Return a model of the wanted modality, or say what it does instead and with which command."""
    if isinstance(loaded, modality):
        return loaded
    if isinstance(loaded, Captioner):
        does = "captions photos: use `captioner caption`"
    elif isinstance(loaded, Translator):
        does = "translates sentences: use `captioner translate`"
    elif isinstance(loaded, Transcriber):
        does = "transcribes speech: use `captioner transcribe`"
    else:
        does = "watches clips: use `captioner recognize`"
    raise ModelError(f"model {loaded.name!r} {does}, or another model")


def _device(name: str) -> torch.device:
    if name != "auto":
        try:
            return torch.device(name)
        except (RuntimeError, TypeError) as error:
            raise UsageError(
                f"there is no device {name!r}: choose cpu, cuda, mps or auto"
            ) from error
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
