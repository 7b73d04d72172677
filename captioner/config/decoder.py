"""The settings of the decoder."""

from typing import Literal

from pydantic import Field

from captioner.config.section import Section


class DecoderConfig(Section):
    """The attention LSTM that writes."""

    cell: Literal["lstm", "gru"] = "lstm"
    """Kind of both recurrent layers."""
    attention: Literal["additive", "dot"] = "additive"
    """How the memory is weighed."""
    embedding_dim: int = Field(default=512, ge=1)
    """Width of a word's embedding."""
    hidden_dim: int = Field(default=512, ge=1)
    """Width of both recurrent layers."""
    attention_dim: int = Field(default=512, ge=1)
    """Width in which queries and keys meet in additive attention; a dot product needs none."""
    dropout: float = Field(default=0.5, ge=0, lt=1)
    """Dropout on embeddings and on both layers' outputs."""
    tie_embeddings: bool = True
    """Whether the output layer is the embedding table."""
