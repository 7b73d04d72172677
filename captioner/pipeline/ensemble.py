"""Combines several models to write one text together, slower but better than the best of them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from captioner.config import SearchConfig
from captioner.errors import ModelError
from captioner.model.generation import TextGeneration
from captioner.modules.memory import Memory
from captioner.search.ensemble import EnsembleDecoder


class Ensemble(TextGeneration):
    """Several models that behave like one.

    Settings, detected concepts and attention are the first member's.

    Args:
        models: Loaded models of one modality, with the same input settings and vocabulary.
        names: Their names in messages.

    Raises:
        ModelError: They differ in one of these.
    """

    def __init__(self, models: Sequence[Any], names: Sequence[str]) -> None:
        first = models[0]
        for name, model in zip(names[1:], models[1:], strict=True):
            for what, mine, its in zip(
                ("modality", "vocabulary", "input"), _traits(first), _traits(model), strict=True
            ):
                if mine != its:
                    raise ModelError(
                        f"models {names[0]!r} and {name!r} cannot write together: they differ in"
                        f" {what}"
                    )
        self.models = tuple(models)
        self.config, self.tokenizer, self.device = first.config, first.tokenizer, first.device
        self.search_config, self.image_config = first.search_config, first.image_config
        self.decoder = EnsembleDecoder([model.decoder for model in models])

    @property
    def kind(self) -> str:
        """The members' modality."""
        return str(self.models[0].kind)

    @property
    def encoder(self) -> Any:
        """The first member's encoder."""
        return self.models[0].encoder

    def train(self, mode: bool = True) -> "Ensemble":
        """Set all members to training or evaluation mode."""
        for model in self.models:
            model.train(mode)
        return self

    def encode(self, inputs: Any) -> Memory:
        """Encode a batch with each member."""
        memories: list[Memory] = [model.encode(inputs) for model in self.models]
        return replace(memories[0], others=tuple(memories[1:]))

    def hinted(self, memory: Memory, options: SearchConfig) -> Memory:
        """Return each member's memory of photos, changed by the hint that the options give."""
        own: list[Memory] = [replace(memory, others=()), *memory.others]
        read: list[Memory] = [
            model.hinted(one, options) for model, one in zip(self.models, own, strict=True)
        ]
        return replace(read[0], others=tuple(read[1:]))


def _traits(model: Any) -> tuple[Any, ...]:
    """Return what members must share: the modality, the vocabulary, and the shape of the input."""
    encoder = model.config.encoder
    reads = {
        name: encoder.get(name)
        for name in ("sample_rate_hz", "num_mels", "num_frames", "max_positions")
    }
    return model.kind, model.tokenizer.get_vocab(), (reads, model.image_config)
