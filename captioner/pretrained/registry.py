"""Finds a model's folder by its name, and lists and describes models, without torch."""

import json
import os
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from captioner.errors import ModelError
from captioner.home import in_home

MODELS = Path(__file__).parent
HUB_NAME = re.compile(r"\w[\w.-]*/\w[\w.-]*", re.ASCII)  # owner/name
SUCCESSORS = {"flickr8k": "everyday", "multi30k-en-de": "en-de-fr", "multi30k-en-fr": "en-de-fr"}
"""Models that no longer ship, and the models that replaced them."""


def list_models() -> list[Path]:
    """Return the folders of the models that ship."""
    return sorted(path.parent for path in MODELS.glob("*/config.json"))


def find_model(model: str | Path) -> str | Path:
    """Return the folder of a shipped model by its name, or the path or the hub's name as given.

    Raises:
        ModelError: There is no such model.
    """
    if model == "":
        raise ModelError("no model is named: is a variable of the shell unset?")
    shipped = {path.name: path for path in list_models()}
    if str(model) in shipped:
        return shipped[str(model)]
    folder = Path(in_home(str(model)))
    if os.path.isfile(folder / "config.json"):  # noqa: PTH113 (a name may be too long)
        return folder
    if os.path.lexists(folder):
        best = (
            f": did you mean {model}/best?" if (folder / "best" / "config.json").is_file() else ""
        )
        raise ModelError(
            f"{model} is no model: it has no config.json (training writes one to RUN/best){best}"
        )
    if isinstance(model, str) and is_hub_name(model):
        return model
    if len(Path(model).parts) > 1:
        raise ModelError(
            f"there is no model {str(model)!r}: that is the path of a folder, and no such folder is"
            " there"
        )
    if str(model) in SUCCESSORS:
        raise ModelError(
            f"the model {str(model)!r} ships no longer: {SUCCESSORS[str(model)]!r} took its place"
        )
    raise ModelError(
        f"there is no model {str(model)!r}: give a folder, a hub's owner/name, or"
        f" {' or '.join(shipped)}"
    )


def is_hub_name(model: str) -> bool:
    """Tell whether to ask a hub for a model; a name that looks like a path is never looked up.

    A name looks like a path if it is not of the form `owner/name`, if its first part is an existing
    folder or `runs`, to which training writes, or if its second part is `best` or begins with
    `checkpoint`, as in a run's folder.
    """
    if not HUB_NAME.fullmatch(model):
        return False
    owner, name = model.split("/")
    return not (
        owner == "runs" or name == "best" or Path(owner).exists() or name.startswith("checkpoint")
    )


def find_translator(target: str | None = None, source: str | None = None) -> str:
    """Return the shipped model that translates between languages; of several, the first by name.

    Args:
        target: The language into which it translates, a code such as de; None for any.
        source: The language from which it translates; None for any.

    Raises:
        ModelError: There is none.
    """
    shipped = _directions()
    for name, directions in shipped.items():
        if any(target in (None, into) and source in (None, begin) for begin, into in directions):
            return name
    known = sorted(
        {f"{begin} to {into}" for directions in shipped.values() for begin, into in directions}
    )
    raise ModelError(
        f"no model that ships translates {from_to(source, target)}: there are"
        f" {', '.join(known)}; or give --model"
    )


def from_to(source: str | None, target: str | None) -> str:
    """Name languages for a message, as in `from en to de`; a language that is None is left out."""
    named = (("from", source), ("to", target))
    return " ".join(f"{word} {language}" for word, language in named if language)


def languages_from(source: str) -> list[str]:
    """Return the languages into which the shipped models translate from a language."""
    ways = [way for directions in _directions().values() for way in directions]
    return sorted({into for begin, into in ways if begin == source})


@cache
def _directions() -> dict[str, list[list[str]]]:
    """Return the pairs of languages of each model that ships; the long files are read only once."""
    return {
        folder.name: json.loads((folder / "config.json").read_text(encoding="utf-8")).get(
            "directions", []
        )
        for folder in list_models()
    }


def model_name(model: str | Path) -> str:
    """Return a model's name in results: the folder's, or the run's if it is a run's best model."""
    path = Path(model)
    return path.parent.name if path.name == "best" and path.parent.name else path.name


def model_kind(model: str) -> str:
    """Return the modality of a model before it is loaded: the `kind` of its encoder.

    This is `image`, `text`, `photo+text`, `speech` or `video`. If it cannot be read, `image` is
    returned, and loading the model then reports what is wrong.
    """
    file = (
        next((folder for folder in list_models() if folder.name == model), Path(model))
        / "config.json"
    )
    try:
        if not file.is_file() and is_hub_name(model):
            from huggingface_hub import hf_hub_download

            file = Path(hf_hub_download(model, "config.json"))
        return str(json.loads(file.read_text(encoding="utf-8"))["encoder"]["kind"])
    except Exception:  # the hub's client has its own errors, and a file may hold anything
        return "image"


def describe_models() -> Iterator[str]:
    """Yield name, size, scores with their data, and licence of each model that ships."""
    from huggingface_hub import ModelCard

    for folder in list_models():
        card = ModelCard.load(folder / "README.md").data
        size_mb = (folder / "model.safetensors").stat().st_size / 1e6
        results = card.eval_results or []
        scores = ", ".join(f"{result.metric_name} {result.metric_value:.1f}" for result in results)
        measured = f" on {results[0].dataset_name} {results[0].dataset_split}" if results else ""
        yield (
            f"{folder.name}\t{size_mb:.1f} MB\t{scores}{measured}\tdata:"
            f" {card.license_name or card.license}"
        )
