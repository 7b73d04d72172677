"""Loads a model: a shipped one, a folder that training or export wrote, or one of a hub."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from captioner.errors import ModelError, UsageError, loading_model
from captioner.onnx.model import OnnxModel
from captioner.onnx.runtimes import find_runtime
from captioner.pipeline.captioner import Captioner
from captioner.pipeline.engine import find_device, holds_graphs, onnx_folder
from captioner.pretrained.registry import find_model, is_hub_name, model_name

if TYPE_CHECKING:  # classes that need torch are imported only when such a model is loaded
    from captioner.model.captioner_model import CaptionerModel
    from captioner.pipeline.recognizer import ActionRecognizer
    from captioner.pipeline.transcriber import Transcriber
    from captioner.pipeline.translator import Translator

    AnyModel = Captioner | Translator | Transcriber | ActionRecognizer

Models = str | Path | Sequence[str | Path]
"""A model, or several that write together."""

HUGGING_FACE = "hf:"  # the prefix of the names of transformers' models


def load(
    model: Models = "everyday", device: str = "auto", engine: str = "auto", num_photos: int = 1
) -> "AnyModel":
    """Load a shipped model, a folder written by training or `captioner export`, or one of a hub.

    Args:
        model: A name that `captioner models` lists, a folder, or a hub's `owner/name`. With the
            prefix `hf:`, it is the folder or `owner/name` of an image-to-text model of
            transformers, such as BLIP, which only torch runs. Several models of one vocabulary,
            given as a list, write together.
        device: `cpu`, `cuda`, `mps`, or `auto` for the fastest available.
        engine: The engine that runs the model: `torch`, `onnx` (faster on a CPU), `openvino`
            (faster still if the CPU computes in bfloat16), or `auto`, which takes one of the last
            two if that pays.
        num_photos: How many photos will be captioned; for many, `auto` exports a model to ONNX
            first.

    Raises:
        ModelError: There is no such model, its files are broken, or several models do not fit
            together.
        UsageError: There is no such engine, it does not run on the device, or no model is named.
        MissingExtraError: The engine is not installed.
        CacheError: The exported graphs cannot be kept.

    Example:
        >>> captioner.load("en-de-fr").translate("Two dogs run.").text
        'Zwei Hunde laufen.'
    """
    names = [model] if isinstance(model, str | Path) else _names(model)
    if not names:
        raise UsageError("no model is named: give one, or several that write together")
    if len(names) > 1:
        from captioner.pipeline.ensemble import Ensemble

        together = [model_name(name) for name in names]
        members = _load_all(names, device, engine, num_photos)
        return _of_kind(Ensemble(members, together), "+".join(together))
    (model,) = names
    if str(model).startswith(HUGGING_FACE):
        if engine in ("onnx", "openvino"):
            raise UsageError(
                f"{model} is a model of transformers, which torch runs: choose --engine torch"
            )
        name = str(model).removeprefix(HUGGING_FACE)
        if not (Path(name).exists() or is_hub_name(name)):
            raise ModelError(
                f"{model}: {name} is neither a folder that is there nor a hub's owner/name"
            )
        where = find_device(device)
        from captioner.pipeline.hugging_face import HuggingFaceCaptioner

        return HuggingFaceCaptioner(name, where)
    (loaded,) = _load_all([model], device, engine, num_photos)
    return _of_kind(loaded, model_name(model))


def _names(models: Any) -> list[str | Path]:
    names: list[Any] = (
        [*models] if isinstance(models, Iterable) and not isinstance(models, bytes) else [models]
    )
    for name in names:
        if not isinstance(name, str | Path):
            raise UsageError(f"{name!r} names no model: give a name, a folder, or a list of them")
    return names


def _load_all(
    models: Sequence[str | Path], device: str, engine: str, num_photos: int
) -> "list[CaptionerModel | OnnxModel]":
    """Load models for one engine, since models that write together exchange their arrays."""
    for model in models:
        if str(model).startswith(HUGGING_FACE):
            raise UsageError(
                f"{model} is a model of transformers, which writes alone: leave the other models"
                " out"
            )
    folders = [find_model(model) for model in models]

    def graphs_by(engine: str) -> list[Path | None]:
        found = []
        for model, folder in zip(models, folders, strict=True):
            with loading_model(f"model {str(model)!r}"):
                found.append(onnx_folder(folder, engine, device, num_photos))
        return found

    graphs = graphs_by(engine)
    if None in graphs and any(graphs):
        runtime = find_runtime(engine) or "onnx"
        graphs = graphs_by(runtime if any(map(holds_graphs, folders)) else "torch")
    return [
        _load_one(str(model), folder, of_it, device, engine)
        for model, folder, of_it in zip(models, folders, graphs, strict=True)
    ]


def _load_one(
    model: str, folder: str | Path, graphs: Path | None, device: str, engine: str
) -> "CaptionerModel | OnnxModel":
    with loading_model(f"model {model!r}"):
        if graphs is not None:
            return OnnxModel(graphs, find_runtime(engine) or "onnx")
        where = find_device(device)
        # This imports torch, so it comes after the return above: graphs run without torch.
        from captioner.model.captioner_model import CaptionerModel

        loaded = CaptionerModel.from_pretrained(folder)
        loaded.to(where)  # type: ignore[arg-type]  # transformers hides the method's own signature
        return loaded


def _of_kind(model: Any, name: str) -> "AnyModel":
    """Wrap a loaded model in the class for its modality, which users call."""
    from captioner import pipeline  # imports classes that need torch at their first use

    classes = {
        "text": "Translator",
        "photo+text": "Translator",
        "speech": "Transcriber",
        "video": "ActionRecognizer",
    }
    loaded: AnyModel = getattr(pipeline, classes.get(model.kind, "Captioner"))(model, name)
    return loaded


def load_captioner(
    model: Models = "everyday", device: str = "auto", engine: str = "auto", num_photos: int = 1
) -> Captioner:
    """Load a model of photos.

    Raises:
        ModelError: It has another modality, or `load` raises this.
    """
    loaded: Captioner = _of_modality("image", load(model, device, engine, num_photos))
    return loaded


def load_translator(model: Models = "en-de-fr", device: str = "auto") -> "Translator":
    """Load a model of sentences.

    Raises:
        ModelError: It has another modality, or `load` raises this.
    """
    loaded: Translator = _of_modality("text", load(model, device))
    return loaded


def load_transcriber(model: Models = "digits", device: str = "auto") -> "Transcriber":
    """Load a model of speech.

    Raises:
        ModelError: It has another modality, or `load` raises this.
    """
    loaded: Transcriber = _of_modality("speech", load(model, device))
    return loaded


def load_recognizer(model: Models = "actions", device: str = "auto") -> "ActionRecognizer":
    """Load a model of clips.

    Raises:
        ModelError: It has another modality, or `load` raises this.
    """
    loaded: ActionRecognizer = _of_modality("video", load(model, device))
    return loaded


TRANSLATES = "translates sentences: use `captioner translate`"
DOES = {
    "image": "captions photos: use `captioner caption`",
    "text": TRANSLATES,
    "photo+text": TRANSLATES,
    "speech": "transcribes speech: use `captioner transcribe`",
    "video": "watches clips: use `captioner recognize`",
}


def _of_modality(kind: str, loaded: Any) -> Any:
    """Return a model of the wanted modality, or say what it does instead and with which command."""
    own = getattr(loaded.model, "kind", "image")  # models of transformers caption photos
    if DOES[own] == DOES[kind]:
        return loaded
    raise ModelError(f"model {loaded.name!r} {DOES[own]}, or another model")
