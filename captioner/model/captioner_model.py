"""Encoder and decoder as one transformers model: saving, loading, the hub and `generate`."""

from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any, Self

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModel,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from captioner.config import (
    ENCODERS,
    DecoderConfig,
    ImageConfig,
    SearchConfig,
    changed,
    chosen_by_kind,
    validated,
)
from captioner.errors import ConfigError, ModelError, loading_model
from captioner.model.config import CaptionerConfig
from captioner.model.generation import TextGeneration
from captioner.model.loading import check_loaded, check_tokenizer, quiet
from captioner.modules.decoder import AttentionDecoder
from captioner.modules.encoders import (
    Encoder,
    ImageEncoder,
    PhotoTextEncoder,
    VideoEncoder,
    build_encoder,
    text_encoder_of,
)
from captioner.modules.memory import DetectedConcepts, Memory
from captioner.preprocess.spectrogram import Spectrograms
from captioner.preprocess.text import IllustratedSentences

# While loading, transformers builds models without memory, by a setting that all threads share.
LOADING = Lock()

# Our search options by their names in transformers' `generate`.
GENERATE_NAMES = {
    "num_beams": "beam_size",
    "num_return_sequences": "num_captions",
    "max_new_tokens": "max_length",
    "min_new_tokens": "min_length",
    "length_penalty": "length_penalty",
    "no_repeat_ngram_size": "no_repeat_ngram_size",
    "do_sample": "sample",
    "temperature": "temperature",
    "top_p": "top_p",
    "num_beam_groups": "num_groups",
    "diversity_penalty": "diversity",
}


class CaptionerModel(TextGeneration, PreTrainedModel):  # type: ignore[no-untyped-call]
    """The whole model: writes words about photos, or about what another encoder reads.

    Its folder holds no frozen backbone, which comes from the package or hub where it was published.

    Attributes:
        kind: The modality, as `encoder.kind` calls it.
        tokenizer: Between text and token ids; None until `from_pretrained` or the caller sets it.
        image_config: How a photo becomes a tensor, with the backbone's own mean and deviation where
            none are given; of use to a model that reads photos.

    Raises:
        ConfigError: A section of the config is wrong.
    """

    config_class = CaptionerConfig
    main_input_name = "pixel_values"
    base_model_prefix = ""
    _tied_weights_keys = {"decoder.logits.weight": "decoder.embedding.weight"}  # noqa: RUF012

    def __init__(self, config: CaptionerConfig) -> None:
        super().__init__(config)
        config.check()
        kinds = chosen_by_kind(ENCODERS, config.encoder, "config.json")
        encoder_config = validated(kinds, config.encoder, "config.json: encoder")
        decoder_config = validated(DecoderConfig, config.decoder, "config.json: decoder")
        self.search_config = validated(SearchConfig, config.search, "config.json: search")
        self.image_config = validated(ImageConfig, config.image, "config.json: image")
        self.kind: str = encoder_config.kind
        self.encoder: Encoder = build_encoder(
            encoder_config, config.vocab_size, config.pad_token_id
        )
        if isinstance(self.encoder, ImageEncoder | VideoEncoder | PhotoTextEncoder):
            self.image_config = self.encoder.normalised_for(self.image_config)
            config.image = self.image_config.model_dump()
        self.decoder = AttentionDecoder(
            decoder_config, config.vocab_size, encoder_config.dim, config.pad_token_id
        )
        self._source_tables: dict[str, str] = {}
        self._tie_source(decoder_config)
        self.tokenizer: PreTrainedTokenizerFast | None = None
        self.post_init()  # type: ignore[no-untyped-call]

    def _tie_source(self, decoder: DecoderConfig) -> None:
        """Let a text encoder read with the decoder's embeddings, where its config says so."""
        encoder = text_encoder_of(self.encoder)
        if encoder is None or not encoder.config.share_embeddings:
            return
        if decoder.embedding_dim != encoder.config.embedding_dim or not decoder.tie_embeddings:
            raise ConfigError(
                "encoder.share_embeddings: embedding_dim must be the same in encoder and decoder,"
                f" here {encoder.config.embedding_dim} and {decoder.embedding_dim}, and"
                " decoder.tie_embeddings true"
            )
        encoder.embedding.weight = self.decoder.embedding.weight
        part = "encoder" if encoder is self.encoder else "encoder.text"
        self._source_tables = {f"{part}.embedding.weight": "decoder.embedding.weight"}
        self._tied_weights_keys = self._tied_weights_keys | self._source_tables

    def _init_weights(self, module: nn.Module) -> None:
        """Leave every module as its own constructor made it."""

    def mark_tied_weights_as_initialized(self, *_: Any) -> None:
        """Mark nothing, so that transformers notices a missing table tied to the output layer."""

    def encode(self, inputs: Any) -> Memory:
        """Read a batch of what the encoder takes: photos resized and normalised, or `SourceTokens`.

        Inputs are converted to the precision of the weights. For a numpy array, no gradients are
        computed.
        """
        if isinstance(inputs, np.ndarray):
            with torch.inference_mode():
                return self.encode(torch.from_numpy(inputs).to(self.device))
        if isinstance(inputs, Tensor):
            inputs = inputs.to(self.dtype)
        elif isinstance(inputs, Spectrograms):
            inputs = replace(inputs, frames=inputs.frames.to(self.dtype))
        elif isinstance(inputs, IllustratedSentences) and inputs.photos is not None:
            inputs = replace(inputs, photos=inputs.photos.to(self.dtype))
        return self.encoder(inputs)  # type: ignore[no-any-return]

    @torch.inference_mode()
    def embed_concepts(self, detected: DetectedConcepts) -> Float[Tensor, "batch concepts dim"]:
        """Return the positions of a memory that hold detected words."""
        if not isinstance(self.encoder, ImageEncoder):
            raise ModelError(f"a model of kind {self.kind} detects no words")
        return self.encoder.concept_embedding(detected)  # type: ignore[no-any-return]

    def forward(
        self, inputs: Any, target_input: Int[Tensor, "rows target"]
    ) -> tuple[Float[Tensor, "rows target vocab"], Float[Tensor, "rows target source"]]:
        """Score target texts of a batch of inputs; the rows of one item stand side by side.

        Returns:
            Logits of the next word at each position, and the attention weights.
        """
        return self.decoder(target_input, self.encode(inputs))  # type: ignore[no-any-return]

    @torch.inference_mode()
    def generate(self, inputs: Any, **options: Any) -> Int[Tensor, "sequences length"]:
        """Generate texts, with the option names of transformers' `generate`.

        Args:
            inputs: What the encoder takes: photos resized and normalised, or `SourceTokens`.
            **options: `num_beams`, `num_return_sequences`, `max_new_tokens`, `min_new_tokens`,
                `length_penalty`, `no_repeat_ngram_size`, `do_sample`, `temperature`, `top_p`,
                `num_beam_groups`, `diversity_penalty`.

        Returns:
            BOS, the words, EOS and padding; `num_return_sequences` rows per item, best first.
            `tokenizer.batch_decode` with `skip_special_tokens=True` turns them into text.

        Raises:
            ModelError: An option is unknown.
            ConfigError: An option is out of range.
        """
        if unknown := sorted(options.keys() - GENERATE_NAMES.keys()):
            raise ModelError(
                f"generate: unknown options {', '.join(unknown)}: choose from"
                f" {', '.join(GENERATE_NAMES)}"
            )
        chosen = {GENERATE_NAMES[name]: value for name, value in options.items()}
        settings = changed(self.search_config, chosen, "generate")
        found = self.search(self.encode(inputs), settings)
        bos, eos = self.config.bos_token_id, self.config.eos_token_id
        rows = [
            torch.tensor([bos, *one.token_ids, eos]) for hypotheses in found for one in hypotheses
        ]
        padded = nn.utils.rnn.pad_sequence(
            rows, batch_first=True, padding_value=self.config.pad_token_id
        )
        return padded.to(self.device)

    def own_state_dict(self) -> dict[str, Tensor]:
        """Return the weights that only this model has.

        A published backbone's frozen part is left out; tied weights come once.
        """
        left_out = {f"encoder.{name}" for name in self.encoder.published_names()}
        left_out.update(self._source_tables)
        if self.config.tie_word_embeddings:
            left_out.add("decoder.logits.weight")
        return {
            name: tensor.contiguous()
            for name, tensor in self.state_dict().items()
            if name not in left_out
        }

    def save_pretrained(self, save_directory: str | Path, **kwargs: Any) -> None:  # type: ignore[override]
        """Write config, weights (safetensors, no frozen backbone) and tokenizer into a folder."""
        weights: dict[str, Tensor] = kwargs.setdefault("state_dict", self.own_state_dict())
        written = next(tensor.dtype for tensor in weights.values() if tensor.is_floating_point())
        with quiet():  # for less than a second of work
            super().save_pretrained(save_directory, **kwargs)
        if written != self.dtype:  # transformers notes the model's own
            self.config.dtype = written
            self.config.save_pretrained(save_directory)
            self.config.dtype = self.dtype
        if self.tokenizer is not None:
            self.tokenizer.save_pretrained(save_directory)

    @classmethod
    def from_pretrained(  # type: ignore[override]
        cls, pretrained_model_name_or_path: str | Path, *args: Any, **kwargs: Any
    ) -> Self:
        """Load a model from a folder or a hub; a frozen backbone is fetched from its publisher.

        Raises:
            ModelError: It is another kind of model, its weights are not all there or do not fit, or
                the backbone is not the one with which it was trained.
            MissingExtraError: The package that carries the backbone is not installed.
        """
        name, with_info = pretrained_model_name_or_path, kwargs.pop("output_loading_info", False)
        hub = {
            key: kwargs[key]
            for key in ("revision", "cache_dir", "token", "local_files_only")
            if key in kwargs
        }
        if "config" not in kwargs:
            with loading_model(f"{name}: config.json"):
                kind = CaptionerConfig.get_config_dict(name, **hub)[0].get("model_type")
            if kind != CaptionerConfig.model_type:
                raise ModelError(
                    f"{name}: its config.json is not of a captioner's model (model_type {kind!r})"
                )
        # Sizes that do not fit are reported by our own message.
        kwargs = {
            "dtype": torch.float32,
            "use_safetensors": True,
            **kwargs,
            "ignore_mismatched_sizes": True,
        }
        with LOADING, quiet():
            loaded: Any = super().from_pretrained(name, *args, output_loading_info=True, **kwargs)
        model: Self = loaded[0]
        info: dict[str, Any] = loaded[1]
        # All other weights come from elsewhere.
        info["missing_keys"] = set(info["missing_keys"]) & (own := model.own_state_dict()).keys()
        check_loaded(name, info, own)
        model.restore_backbone()
        with loading_model(f"{name}: tokenizer.json"):
            tokenizer: Any = AutoTokenizer.from_pretrained(name, **hub)
        check_tokenizer(name, len(tokenizer), model.config.vocab_size)
        model.tokenizer = tokenizer
        return (model, info) if with_info else model  # type: ignore[return-value]

    def restore_backbone(self) -> None:
        """Fill the frozen part of the backbone with its published weights; fine-tuned weights stay.

        Raises:
            ModelError: They are not those with which the model was trained.
        """
        published = self.encoder.published_names()
        own = {
            name: weight.clone()
            for name, weight in self.encoder.state_dict().items()
            if name not in published
        }
        self.encoder.load_published()
        if self.config.backbone_fingerprint not in ("", self.encoder.fingerprint()):
            backbone = self.config.encoder.get("backbone", "the backbone")
            raise ModelError(f"the weights of {backbone} are not those the model was trained on")
        self.encoder.load_state_dict(own, strict=False)


AutoConfig.register("captioner", CaptionerConfig)
AutoModel.register(CaptionerConfig, CaptionerModel)
