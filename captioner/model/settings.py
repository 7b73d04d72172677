"""The settings in a model's `config.json`; ONNX graphs read them without transformers."""

import json
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from captioner.config import validated
from captioner.config.section import Section
from captioner.errors import ModelError

TokenId = Annotated[int, Field(strict=True, ge=0)]


class ModelSettings(Section):
    """The fields of `CaptionerConfig`, which says what they mean."""

    image: dict[str, Any] = Field({})
    encoder: dict[str, Any] = Field({})
    decoder: dict[str, Any] = Field({})
    search: dict[str, Any] = Field({})
    vocab_size: int = Field(4, strict=True, ge=4, le=10_000_000)
    pad_token_id: TokenId = 0
    bos_token_id: TokenId = 1
    eos_token_id: TokenId = 2
    unk_token_id: TokenId = 3
    tie_word_embeddings: bool = True
    confidence: dict[str, float] = Field({})
    directions: list[tuple[str, str]] = Field([])
    through: dict[str, str] = Field({})
    language_ids: dict[str, TokenId] = Field({})
    shifted_attention: bool = True
    known_words: str = ""
    casing: dict[str, dict[str, str]] = Field({})
    backbone_fingerprint: str = ""

    @classmethod
    def is_text(cls, field: str) -> bool:
        """Take no number for a text: nobody writes these by hand."""
        return False

    @model_validator(mode="after")
    def _fits(self) -> Self:
        special = [self.pad_token_id, self.bos_token_id, self.eos_token_id, self.unk_token_id]
        special += self.language_ids.values()
        if max(special) >= self.vocab_size or len(set(special)) < len(special):
            raise ValueError(
                f"the ids of special tokens {special} must differ, and be below {self.vocab_size}"
            )
        return self


def read_settings(folder: Path) -> ModelSettings:
    """Return what a model's `config.json` says; what transformers adds to it is left out.

    Raises:
        ModelError: The file is missing or no table.
        ConfigError: A field has a wrong type or is out of range.
    """
    file = folder / "config.json"
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        fields = {name: told[name] for name in ModelSettings.model_fields if name in told}
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(f"{file}: cannot be read ({error}): copy the folder again") from error
    return validated(ModelSettings, fields, "config.json")
