"""How words are chosen: greedily, by beam search, or at random."""

from typing import ClassVar, Self

from pydantic import Field, model_validator

from captioner.config.section import Section


class SearchConfig(Section):
    """How the words are chosen."""

    REMOVED: ClassVar[frozenset[str]] = frozenset({"naming"})

    # Beams, and the length of what is written.
    beam_size: int = Field(default=5, ge=1, le=10_000)
    """Beams kept; 1 is greedy search."""
    num_captions: int = Field(default=1, ge=1, le=10_000)
    """Hypotheses returned for each input, best first."""
    max_length: int = Field(default=20, ge=1, le=100_000)
    """The most words of a hypothesis."""
    max_length_ratio: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Beam search also ends a hypothesis at this many words for each source position, plus ten.
    No translation needs more, and the search ends sooner. None: only `max_length` counts.
    """
    min_length: int = Field(default=1, ge=0)
    """The fewest words of a hypothesis."""
    length_penalty: float = Field(default=1.0, ge=0, le=1e6)
    """Hypotheses are ranked by log-probability / length ** length_penalty; 0 prefers short ones."""
    no_repeat_ngram_size: int = Field(default=0, ge=0)
    """No sequence of this many words occurs twice in a hypothesis; 0 allows all."""
    no_repeat_concepts: bool = False
    """No word that the detector knows occurs twice in a hypothesis, except the most common ones,
    such as man and white. Only models with concepts can do this.
    """

    # Words that are given, required or forbidden, and what a photo shows.
    begin: str = ""
    """Words that every hypothesis begins with; the search goes on from them, and `max_length`
    counts them.
    """
    hint: tuple[str, ...] = ()
    """Words that a photo is said to be about; they need not be written, and count for little where
    the photo speaks against them. For models with concepts alone, of the words that they detect."""
    banned_words: tuple[str, ...] = ()
    """Words that are never written, in the singular or the plural; phrases have no effect."""
    required_words: tuple[str, ...] = ()
    """Words that are written, each in the singular or the plural; at most four."""
    concepts: int = Field(default=0, ge=0)
    """How many of the detected words to return, the most telling first. Only models with
    concepts can do this.
    """

    # How a caption is written.
    language: str = ""
    """The language of captions, a code such as de. What the model does not write itself is
    translated from English. Empty: English, or the first language that the model writes.
    """
    sentence: bool = False
    """Write a caption as a sentence, with a capital letter and a full stop."""

    # Sampling.
    sample: bool = False
    """Draw words at random (nucleus sampling) rather than search for the best."""
    temperature: float = Field(default=1.0, ge=1e-6, le=1e6)
    """Logits are divided by this before sampling; values below 1 prefer likely words."""
    top_p: float = Field(default=0.9, gt=0, le=1)
    """Sampling draws from the likeliest words that together have this probability."""
    seed: int | None = Field(default=0, ge=-(2**63), lt=2**64)
    """Seed of sampling; without one, each run draws other words."""

    # Diverse beam search.
    num_groups: int = Field(default=1, ge=1)
    """Groups of a diverse beam search; the beams are divided among them."""
    diversity: float = Field(default=0.5, ge=0, le=1e6)
    """Subtracted from a word's log-probability for each beam of an earlier group that chose it."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.beam_size % self.num_groups:
            raise ValueError(
                f"beam_size ({self.beam_size}) must be divisible by num_groups ({self.num_groups})"
            )
        if self.min_length > self.max_length:
            raise ValueError(
                f"min_length ({self.min_length}) must be at most max_length ({self.max_length})"
            )
        if self.required_words and self.sample:
            raise ValueError(
                "required_words: words that are drawn at random cannot be required; leave sample"
                " out"
            )
        if len(self.required_words) > self.max_length:
            raise ValueError(
                f"required_words: {len(self.required_words)} do not fit max_length"
                f" ({self.max_length})"
            )
        return self
