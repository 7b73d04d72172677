"""The settings of sentences alone: where they are, and the encoder that reads them."""

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from captioner.config.section import Section


class SentenceSetConfig(Section):
    """Where one set of sentences and their translations are."""

    PATHS: ClassVar[dict[str, str]] = {
        "source": "FILE",
        "target": "FILE",
        "val_source": "FILE",
        "val_target": "FILE",
    }

    source_language: str = ""
    """What the sources are written in, a code such as en; it chooses how a text is cut into
    sentences.
    """
    target_language: str = ""
    """What the targets are written in, a code such as de; it chooses their quotation marks."""
    source: str = ""
    """Training sources, one sentence a line. With `target` empty: a file that holds both, as two
    columns with a tab between them, or as JSON lines with `source` and `target`."""
    target: str = ""
    """Training targets, line by line with `source`."""
    val_source: str = ""
    """Validation sources, in the same form."""
    val_target: str = ""
    """Validation targets, in the same form."""
    both_ways: bool = False
    """Whether the sources are learnt as translations of the targets, too."""
    weight: float = Field(default=1.0, gt=0)
    """How often each training pair of the set is shown in an epoch; 1.5 shows each once and half
    of them again.
    """


class SentenceDataConfig(SentenceSetConfig):
    """Where sentences and their translations are.

    Further sets, in other languages too, beside the first set.
    """

    name: str = ""
    """What the dataset is called, for the model card."""
    license: str = ""
    """On which terms it may be used, for the model card."""
    sets: dict[str, SentenceSetConfig] = Field(default_factory=dict)
    """Further sets by name: `data.sets.tatoeba.source=FILE`. Where several directions have
    validation pairs, the mean of their scores chooses the best epoch. A set without them only
    trains.
    """
    max_words: int = Field(default=100, ge=1)
    """Training pairs with more words on a side are left out."""
    max_ratio: float = Field(default=4.0, ge=1)
    """Training pairs of which one side has so many times the words of the other are left out."""
    max_vocab_size: int = Field(default=5_000, ge=300)
    """Size of the vocabulary that all languages share, the 256 bytes included."""

    def all_sets(self) -> dict[str, SentenceSetConfig]:
        """Return the sets by name, the first one under an empty name where it is used."""
        return {**({"": self} if self.source or not self.sets else {}), **self.sets}

    def directions(self) -> list[tuple[str, str]]:
        """Return the pairs of languages, source and target, that are learnt.

        One that nothing names is empty.
        """
        pairs = []
        for one in self.all_sets().values():
            pairs.append((one.source_language, one.target_language))
            if one.both_ways:
                pairs.append((one.target_language, one.source_language))
        return list(dict.fromkeys(pairs))


class TextEncoderConfig(Section):
    """The convolutional network that reads a sentence."""

    kind: Literal["text"] = "text"
    """The modality."""
    embedding_dim: int = Field(default=256, ge=1)
    """Width of a token's embedding."""
    dim: int = Field(default=256, ge=1)
    """Width of the convolutions, and of the memory that the decoder attends to."""
    num_layers: int = Field(default=4, ge=1)
    """Number of gated convolutions."""
    kernel_size: int = Field(default=3, ge=1)
    """Tokens that each convolution sees, an odd number."""
    max_positions: int = Field(default=256, ge=2)
    """The most tokens of a source; longer texts are translated piece by piece."""
    share_embeddings: bool = True
    """Whether source and target have one table of embeddings; it needs the decoder's
    `embedding_dim` to be the same.
    """
    dropout: float = Field(default=0.2, ge=0, lt=1)
    """Dropout on embeddings, convolutions and memory."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.kernel_size % 2 == 0:
            raise ValueError(
                f"kernel_size ({self.kernel_size}) must be odd, so that a token is at its centre"
            )
        return self
