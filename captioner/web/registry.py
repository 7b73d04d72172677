"""Lists the models that the page offers, and loads them in the background."""

import json
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from captioner.errors import CaptionerError, ModelError
from captioner.pretrained.registry import list_models, model_name
from captioner.web.limits import Limits


@dataclass(frozen=True)
class Model:
    """A model of the registry.

    Attributes:
        name: Its name on the page.
        folder: The folder of its files.
        modality: What it reads: `image`, `text`, `speech` or `video`.
        card: Its model card, as Markdown.
        directions: The languages between which it translates, as pairs of codes; empty if it does
            not say.
    """

    name: str
    folder: Path
    modality: str
    card: str
    directions: tuple[tuple[str, str], ...] = ()


class ModelRegistry:
    """Lists models immediately, and loads each one once.

    Args:
        folders: The models' folders; None for all that ship.
        device: As in `captioner.load`.
        limits: The page's limits; only `pixels` is used here.
        engine: What runs models of photos, as in `captioner.load`.

    Raises:
        ModelError: A folder holds no model, or two models have the same name.
    """

    def __init__(
        self,
        folders: Sequence[Path] | None = None,
        device: str = "auto",
        limits: Limits | None = None,
        engine: str = "auto",
    ) -> None:
        found = list_models() if folders is None else folders
        self._models: dict[str, Model] = {}
        for model in map(_described, found):
            if model.name in self._models:
                raise ModelError(
                    f"{self._models[model.name].folder} and {model.folder} have one name: rename"
                    " one"
                )
            self._models[model.name] = model
        self._device = device
        self._engine = engine
        self._max_pixels = (limits or Limits()).pixels
        self._loading = threading.Lock()
        self._loaded: dict[str, Any] = {}

    def names(self, modality: str) -> list[str]:
        """Return the names of the models that read `image`, `text`, `speech` or `video`."""
        return [name for name, model in self._models.items() if model.modality == modality]

    def models(self) -> list[dict[str, str]]:
        """List the models of this page: name, kind (what a model reads) and card."""
        return [
            {"name": one.name, "kind": one.modality, "card": one.card}
            for one in self._models.values()
        ]

    def card(self, name: str) -> str:
        """Return a model's card.

        Raises:
            ModelError: There is no such model.
        """
        return self._model(name).card

    def directions(self, name: str) -> tuple[tuple[str, str], ...]:
        """Return the languages between which a model translates; empty if it does not say.

        Raises:
            ModelError: There is no such model.
        """
        return self._model(name).directions

    def load_all(self) -> None:
        """Load all models in the background; `get` raises the error of one that does not load."""

        def load_each() -> None:
            for name, model in self._models.items():
                with suppress(CaptionerError):
                    self.get(name, model.modality)

        # A daemon thread, so that a page that is closed early does not wait for it.
        threading.Thread(target=load_each, name="models", daemon=True).start()

    def get(self, name: str, modality: str) -> Any:
        """Return a model as `captioner.load` does, once it is loaded.

        Raises:
            ModelError: There is no such model, it reads another modality, or it cannot be loaded.
        """
        model = self._model(name)
        if model.modality != modality:
            raise ModelError(
                f"{name} reads another kind of input; choose from {', '.join(self.names(modality))}"
            )
        if name not in self._loaded:
            with self._loading:
                if name not in self._loaded:
                    self._loaded[name] = self._load(model)
        return self._loaded[name]

    def _model(self, name: str) -> Model:
        if name not in self._models:
            raise ModelError(
                f"there is no model {name!r} here; choose from {', '.join(self._models)}"
            )
        return self._models[name]

    def _load(self, model: Model) -> Any:
        from captioner.pipeline import load
        from captioner.preprocess.image import ImagePreprocessor

        loaded: Any = load(
            model.folder, self._device, self._engine if model.modality == "image" else "auto"
        )
        if model.modality not in ("image", "video"):
            return loaded
        allowed = min(self._max_pixels, loaded.preprocess.config.max_pixels)
        config = loaded.preprocess.config.model_copy(update={"max_pixels": allowed})
        if model.modality == "image":
            loaded.preprocess = ImagePreprocessor(config)
        else:
            from captioner.preprocess.frames import ClipPreprocessor  # which needs torch

            loaded.preprocess = ClipPreprocessor(config, loaded.preprocess.num_frames)
        return loaded


def _described(folder: Path) -> Model:
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder} is no model: it has no config.json that can be read") from error
    kind = config.get("encoder", {}).get("kind", "image")
    modality = kind.removeprefix("photo+")  # the page asks for the text alone, without a photo
    directions = tuple((source, target) for source, target in config.get("directions", ()))
    return Model(model_name(folder), folder, modality, _card(folder / "README.md"), directions)


def _card(file: Path) -> str:
    """Return a card without its metadata and its pictures, which are not served."""
    if not file.is_file():
        return "This model has no card."
    text = file.read_text(encoding="utf-8", errors="replace")
    body = text.split("\n---\n", 1)[1] if text.startswith("---\n") and "\n---\n" in text else text
    return "\n".join(line for line in body.splitlines() if not line.lstrip().startswith("!["))
