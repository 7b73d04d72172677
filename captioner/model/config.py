"""A model's `config.json`, apart from the model: ONNX graphs need it, and nothing of transformers' models."""

from dataclasses import field
from typing import Any

from transformers import PreTrainedConfig


class CaptionerConfig(PreTrainedConfig):  # type: ignore[no-untyped-call]
    """What `config.json` holds: the experiment's own sections, and what ties them to the tokenizer.

    Attributes:
        image: Fields of `ImageConfig`: how a photo becomes a tensor; a model of photos fills in what its backbone
            decides.
        encoder: Fields of the encoder's settings; its `kind` tells the sense.
        decoder: Fields of `DecoderConfig`.
        search: Fields of `SearchConfig`: how the model searches unless told otherwise.
        vocab_size: Number of entries of the tokenizer.
        unk_token_id: The token that stands for unknown words, which is never written.
        tie_word_embeddings: The decoder's `tie_embeddings`, by the name under which transformers looks for it.
        naming: Where the encoder recognises concepts, how captions speak of them: for each name the number of training
            photos in which it was seen, and the sum over them of the share of captions that mention it.
        confidence: Weights by which `captioner.pipeline.confidence` tells how likely a caption is right; empty where
            they were not fitted.
        directions: Of a model of sentences, the languages from which and into which it translates, pairs of codes such
            as en and de; empty where its training did not say.
        known_words: Of a model of sentences, the words that it could learn in training, in lower case, with spaces
            between them; a name that is none of them is copied. Empty where its training did not say.
        backbone_fingerprint: Of the published backbone, before any fine-tuning; empty where there is none.
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
    naming: dict[str, list[float]] = field(default_factory=dict)
    confidence: dict[str, float] = field(default_factory=dict)
    directions: list[list[str]] = field(default_factory=list)
    known_words: str = ""
    backbone_fingerprint: str = ""
