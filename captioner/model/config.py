"""A model's `config.json` as transformers reads and writes it."""

from dataclasses import field
from typing import Any

from transformers import PreTrainedConfig

from captioner.config import validated
from captioner.model.settings import ModelSettings


class CaptionerConfig(PreTrainedConfig):  # type: ignore[no-untyped-call]
    """The content of `config.json`: sections of the experiment, and the tokenizer's numbers.

    Attributes:
        image: Fields of `ImageConfig`: how a photo becomes a tensor; a model of photos fills in
            what its backbone decides.
        encoder: Fields of the encoder's settings; its `kind` tells the modality.
        decoder: Fields of `DecoderConfig`.
        search: Fields of `SearchConfig`: how the model searches unless told otherwise.
        vocab_size: Number of entries of the tokenizer.
        unk_token_id: The token that stands for unknown words, which is never written.
        tie_word_embeddings: The decoder's `tie_embeddings`, by the name under which transformers
            looks for it.
        confidence: Weights by which `captioner.pipeline.confidence` tells how likely a caption is
            right; empty where they were not fitted.
        directions: Of a model of sentences, the languages from which and into which it translates,
            pairs of codes such as en and de; empty where its training did not say.
        through: Of a model of sentences, the language by way of which it translates better than
            straight, as measured, by the two codes with a hyphen between them, such as de-fr.
        language_ids: The token with which a text of each language begins in the place of BOS, by
            the language's code; empty where the model writes one language.
        shifted_attention: Of a model of sentences, whether the decoder looks at a subword's source
            when it has just read the subword rather than when it writes it; alignments use this.
        known_words: Of a model of sentences, the words that it could learn in training, in lower
            case, with spaces between them; a name that is none of them is copied. Empty where its
            training did not say.
        casing: By a language's code, the words of its captions that are not written in lower case,
            such as `Hund` for `hund`; empty where the model writes in lower case.
        backbone_fingerprint: Of the published backbone, before any fine-tuning; empty where there
            is none.
    """

    model_type = "captioner"

    image: dict[str, Any] = field(default_factory=dict)
    encoder: dict[str, Any] = field(default_factory=dict)
    decoder: dict[str, Any] = field(default_factory=dict)
    search: dict[str, Any] = field(default_factory=dict)
    vocab_size: int = 4
    pad_token_id: int = 0
    bos_token_id: int = 1
    eos_token_id: int = 2
    unk_token_id: int = 3
    tie_word_embeddings: bool = True
    confidence: dict[str, float] = field(default_factory=dict)
    directions: list[list[str]] = field(default_factory=list)
    through: dict[str, str] = field(default_factory=dict)
    language_ids: dict[str, int] = field(default_factory=dict)
    shifted_attention: bool = True
    known_words: str = ""
    casing: dict[str, dict[str, str]] = field(default_factory=dict)
    backbone_fingerprint: str = ""

    def check(self) -> None:
        """Check that the sections fit the tokenizer; the file may come from anyone.

        Raises:
            ConfigError: A field has a wrong type or is out of range.
        """
        fields = {name: getattr(self, name, None) for name in ModelSettings.model_fields}
        validated(ModelSettings, fields, "config.json")
