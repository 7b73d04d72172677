"""From a name to captions in one line: `load("flickr8k").caption("photo.jpg")`; command line and web page call this."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from captioner.config import SearchConfig, validated
from captioner.errors import MissingExtraError, ModelError
from captioner.model import CaptionerModel
from captioner.preprocess.image import ImagePreprocessor, ImageSource
from captioner.search import Hypothesis

MODELS = Path(__file__).parent / "models"
BATCH_SIZE = 16


@dataclass(frozen=True)
class Candidate:
    """One caption of a photo.

    Attributes:
        text: The caption.
        log_prob: Its log-probability, nats: the sum over its words and its end.
        words: Its words, as the model wrote them.
        word_log_probs: The log-probability of each, nats.
        attention: Where the decoder looked at each word, `[word, height, width]`; each map sums to 1.
    """

    text: str
    log_prob: float
    words: tuple[str, ...]
    word_log_probs: tuple[float, ...]
    attention: NDArray[np.float32]

    @property
    def confidence(self) -> float:
        """The geometric mean of the probabilities of the words and the end, 0 to 1."""
        return math.exp(self.log_prob / (len(self.words) + 1))


@dataclass(frozen=True)
class CaptionResult:
    """What a model says about one photo.

    Attributes:
        candidates: The captions, best first; at least one.
    """

    candidates: tuple[Candidate, ...]

    @property
    def text(self) -> str:
        """The best caption."""
        return self.candidates[0].text

    @property
    def log_prob(self) -> float:
        """The best caption's log-probability, nats."""
        return self.candidates[0].log_prob

    @property
    def attention(self) -> NDArray[np.float32]:
        """Where the decoder looked at each word of the best caption, `[word, height, width]`."""
        return self.candidates[0].attention


class Captioner:
    """Writes captions of photos.

    Args:
        model: A loaded model.
        name: What it is called in results.
    """

    def __init__(self, model: CaptionerModel, name: str) -> None:
        self.model = model.train(False)
        self.name = name
        self.preprocess = ImagePreprocessor(model.image_config)

    def options(self, **changes: Any) -> SearchConfig:
        """Return the model's own search options with some of them changed.

        Raises:
            ConfigError: An option is unknown or out of range.
        """
        return validated(SearchConfig, {**self.model.search_config.model_dump(), **changes}, "search options")

    @overload
    def caption(self, photos: ImageSource, **options: Any) -> CaptionResult: ...

    @overload
    def caption(self, photos: Sequence[ImageSource], **options: Any) -> list[CaptionResult]: ...

    def caption(
        self, photos: ImageSource | Sequence[ImageSource], **options: Any
    ) -> CaptionResult | list[CaptionResult]:
        """Caption one photo, or a list of them.

        Args:
            photos: A path, the bytes of a file, a PIL image, a numpy array `[height, width, 3]`, or a list of any.
            **options: Fields of `SearchConfig`, such as `beam_size`, `num_captions` or `max_length`.

        Returns:
            One result, or a list of them for a list.

        Raises:
            InputError: A photo cannot be read.
            ConfigError: An option is unknown or out of range.
        """
        search = self.options(**options)
        if isinstance(photos, str | bytes | Path | Image.Image | np.ndarray):
            return self.caption_images([self.preprocess.read(photos)], search)[0]
        results: list[CaptionResult] = []
        for start in range(0, len(photos), BATCH_SIZE):
            images = [self.preprocess.read(photo) for photo in photos[start : start + BATCH_SIZE]]
            results += self.caption_images(images, search)
        return results

    def caption_images(self, images: Sequence[Image.Image], search: SearchConfig) -> list[CaptionResult]:
        """Caption photos that are read already, as one batch."""
        if not images:
            return []
        pixels = torch.stack([self.preprocess(image) for image in images]).to(self.model.device)
        with torch.inference_mode():
            memory = self.model.encode(pixels)
            found = self.model.search(memory, search)
        grid = memory.layout.height, memory.layout.width
        return [CaptionResult(tuple(self._candidate(one, grid) for one in hypotheses)) for hypotheses in found]

    def _candidate(self, hypothesis: Hypothesis, grid: tuple[int, int]) -> Candidate:
        tokenizer = self.model.tokenizer
        if tokenizer is None:
            raise ModelError("the model has no tokenizer: load it with captioner.load")
        words = tuple(tokenizer.convert_ids_to_tokens(list(hypothesis.token_ids)))
        weights = hypothesis.attention_weights.float().cpu().numpy()
        return Candidate(
            text=self.model.decode([hypothesis])[0],
            log_prob=hypothesis.log_prob,
            words=words,
            word_log_probs=tuple(hypothesis.token_log_probs[: len(words)]),
            attention=weights[: len(words)].reshape(len(words), *grid),
        )


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
