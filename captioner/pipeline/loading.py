"""From a name to a loaded model: one that ships, a folder written by training, or one of a hub."""

from pathlib import Path

import torch

from captioner.errors import MissingExtraError, ModelError
from captioner.model import CaptionerModel
from captioner.pipeline.captioner import Captioner

MODELS = Path(__file__).parent.parent / "models"


def load(model: str | Path = "flickr8k", device: str = "auto") -> Captioner:
    """Load a model that ships, a folder written by training, or one of a hub.

    Args:
        model: A name that `captioner models` lists, a folder, or a hub's `owner/name`.
        device: `cpu`, `cuda`, `mps`, or `auto` for the fastest that is there.

    Raises:
        ModelError: There is no such model, or its files are broken.
    """
    folder = find_model(model)
    try:
        loaded = CaptionerModel.from_pretrained(folder)
        loaded.to(_device(device))  # type: ignore[arg-type]  # transformers hides the method's own signature
        return Captioner(loaded, name=_name(model))
    except (ModelError, MissingExtraError):
        raise
    except Exception as error:  # transformers, tokenizers and safetensors raise all kinds where files are broken
        raise ModelError(f"model {str(model)!r} cannot be loaded: {error}") from error


def _name(model: str | Path) -> str:
    """Return what a model is called in results: its last name, or that of the run whose best model it is."""
    path = Path(model)
    return path.parent.name if path.name == "best" and path.parent.name else path.name


def list_models() -> list[Path]:
    """Return the folders of the models that ship."""
    return sorted(path.parent for path in MODELS.glob("*/config.json"))


def find_model(model: str | Path) -> str | Path:
    """Return the folder of a model that ships, or the path or the hub's name as given.

    Raises:
        ModelError: There is no such model.
    """
    shipped = {path.name: path for path in list_models()}
    if str(model) in shipped:
        return shipped[str(model)]
    if (Path(model) / "config.json").is_file():
        return Path(model)
    if Path(model).exists():
        raise ModelError(f"{model} is no model: it has no config.json (training writes one to RUN/best)")
    if isinstance(model, str) and model.count("/") == 1 and not model.startswith((".", "/")):
        return model
    raise ModelError(f"there is no model {str(model)!r}: give a folder, a hub's owner/name, or {' or '.join(shipped)}")


def _device(name: str) -> torch.device:
    if name != "auto":
        return torch.device(name)
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
